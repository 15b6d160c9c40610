"""One GRU layer over a whole sequence, with a backward pass of our own (see `lstm.py` for why)."""

from typing import Any

import torch
from torch import Tensor

from tandem.models.kernels.activations import sigmoid_backward, tanh_, tanh_backward
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.products import Packed, linear, weight_gradient


class GruLayer(torch.autograd.Function):
    """`(inputs, hidden, weights) -> (outputs, hidden)`; the products run in `dtype`, all else as given.

    Source: Cho et al. 2014 in the form of `torch.nn.GRU`, gates in its order (r, z, n).
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,  # [T, B, E]
        hidden: Tensor,  # [B, H]
        weight_ih: Tensor,  # [3H, E]
        weight_hh: Tensor,  # [3H, H]
        bias_ih: Tensor,  # [3H]
        bias_hh: Tensor,  # [3H]
        ends: Ends,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        """Run the layer: `outputs [T, B, H]`, and each row's hidden state [B, H] where it ends."""
        steps, batch, _ = inputs.shape
        size = hidden.shape[-1]
        low_inputs, low_ih, low_hh = inputs.to(dtype), weight_ih.to(dtype), weight_hh.to(dtype)
        packed_hh = Packed(low_hh, bias_hh.to(dtype))
        # (T, B, E) x (3H, E) -> (T, B, 3H)
        shares = linear(low_inputs, low_ih, bias_ih.to(dtype))
        gates = hidden.new_empty(shares.shape)
        hiddens = hidden.new_empty(steps + 1, batch, size)
        candidates = hidden.new_empty(steps, batch, size)  # the hidden state's share of n, before r
        hiddens[0] = hidden
        for t in range(steps):
            by_hidden = packed_hh(hiddens[t])
            gate = gates[t].copy_(shares[t])
            r_and_z, n = gate[:, : 2 * size], gate[:, 2 * size :]
            r_and_z.add_(by_hidden[:, : 2 * size].to(gate.dtype)).sigmoid_()
            r, z = r_and_z.chunk(2, dim=-1)
            candidates[t] = by_hidden[:, 2 * size :]
            tanh_(n.addcmul_(r, candidates[t]))
            torch.lerp(n, hiddens[t], z, out=hiddens[t + 1])
        ctx.save_for_backward(low_inputs, low_ih, low_hh, gates, hiddens, candidates)
        ctx.input_dtype, ctx.ends = inputs.dtype, ends
        ctx.set_materialize_grads(False)
        return hiddens[1:].clone(), ends.pick(hiddens[1:])

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor | None, grad_last: Tensor | None) -> tuple[Tensor | None, ...]:
        """The gradients of all that `forward` took; `ends` and `dtype` have none."""
        low_inputs, low_ih, low_hh, gates, hiddens, candidates = ctx.saved_tensors
        steps, _, size = candidates.shape
        ending = ctx.ends.rows(gates.device)
        low_by_input, low_by_hidden = (torch.empty_like(gates, dtype=low_inputs.dtype) for _ in range(2))
        by_gate = torch.empty_like(gates[0])
        grad_r, grad_z, grad_n = by_gate.chunk(3, dim=-1)
        grad_bias_ih, grad_bias_hh = gates.new_zeros(2, 3 * size)
        grad_hidden = torch.zeros_like(hiddens[0])
        for t in reversed(range(steps)):
            r, z, n = gates[t].chunk(3, dim=-1)
            if grad_outputs is not None:
                grad_hidden += grad_outputs[t]
            if grad_last is not None and (rows := ending.get(t)) is not None:
                grad_hidden[rows] += grad_last[rows]
            by_candidate = grad_hidden - grad_hidden * z
            tanh_backward(by_candidate, n, grad_n)
            sigmoid_backward(grad_n * candidates[t], r, grad_r)
            sigmoid_backward(grad_hidden * (hiddens[t] - n), z, grad_z)
            low_by_input[t] = by_gate
            grad_bias_ih += by_gate.sum(dim=0)
            grad_n *= r  # what the hidden state's share of n gets: all that differs from the input's
            low_by_hidden[t] = by_gate
            grad_bias_hh += by_gate.sum(dim=0)
            grad_hidden *= z
            if t or ctx.needs_input_grad[1]:
                grad_hidden += linear(low_by_hidden[t], low_hh.t()).to(grad_hidden.dtype)
        low_hiddens = hiddens[:-1].to(low_inputs.dtype)
        return (
            linear(low_by_input, low_ih.t()).to(ctx.input_dtype) if ctx.needs_input_grad[0] else None,
            grad_hidden if ctx.needs_input_grad[1] else None,
            weight_gradient(low_by_input, low_inputs).to(hiddens.dtype),
            weight_gradient(low_by_hidden, low_hiddens).to(hiddens.dtype),
            grad_bias_ih,
            grad_bias_hh,
            None,
            None,
        )
