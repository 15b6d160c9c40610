"""One plain (Elman) tanh layer over a whole sequence, with a backward pass of our own (see `lstm.py` for why)."""

from typing import Any

import torch
from torch import Tensor

from tandem.models.kernels.activations import tanh_, tanh_backward
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.products import Packed, linear, weight_gradient


class RnnLayer(torch.autograd.Function):
    """`(inputs, hidden, weights) -> (outputs, hidden)`; the products run in `dtype`, all else as given.

    Source: Elman 1990 in the form of `torch.nn.RNN` with tanh.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,  # [T, B, E]
        hidden: Tensor,  # [B, H]
        weight_ih: Tensor,  # [H, E]
        weight_hh: Tensor,  # [H, H]
        bias: Tensor,  # [H], the sum of both of torch's biases
        ends: Ends,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        """Run the layer: `outputs [T, B, H]`, and each row's hidden state [B, H] where it ends."""
        steps, batch, _ = inputs.shape
        low_inputs, low_ih, low_hh = inputs.to(dtype), weight_ih.to(dtype), weight_hh.to(dtype)
        packed_hh = Packed(low_hh)
        shares = linear(low_inputs, low_ih, bias.to(dtype))
        hiddens = hidden.new_empty(steps + 1, batch, hidden.shape[-1])
        hiddens[0] = hidden
        for t in range(steps):
            by_hidden = packed_hh(hiddens[t])
            tanh_(torch.add(shares[t].to(hidden.dtype), by_hidden.to(hidden.dtype), out=hiddens[t + 1]))
        ctx.save_for_backward(low_inputs, low_ih, low_hh, hiddens)
        ctx.input_dtype, ctx.ends = inputs.dtype, ends
        ctx.set_materialize_grads(False)
        return hiddens[1:].clone(), ends.pick(hiddens[1:])

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor | None, grad_last: Tensor | None) -> tuple[Tensor | None, ...]:
        """The gradients of all that `forward` took; `ends` and `dtype` have none."""
        low_inputs, low_ih, low_hh, hiddens = ctx.saved_tensors
        steps = len(hiddens) - 1
        ending = ctx.ends.rows(hiddens.device)
        grads = torch.empty_like(hiddens[1:], dtype=low_inputs.dtype)
        grad_sum = torch.empty_like(hiddens[0])
        grad_bias = hiddens.new_zeros(hiddens.shape[2])
        grad_hidden = torch.zeros_like(hiddens[0])
        for t in reversed(range(steps)):
            if grad_outputs is not None:
                grad_hidden += grad_outputs[t]
            if grad_last is not None and (rows := ending.get(t)) is not None:
                grad_hidden[rows] += grad_last[rows]
            grads[t] = tanh_backward(grad_hidden, hiddens[t + 1], grad_sum)
            grad_bias += grad_sum.sum(dim=0)
            if t or ctx.needs_input_grad[1]:
                grad_hidden = linear(grads[t], low_hh.t()).to(hiddens.dtype)
        return (
            linear(grads, low_ih.t()).to(ctx.input_dtype) if ctx.needs_input_grad[0] else None,
            grad_hidden if ctx.needs_input_grad[1] else None,
            weight_gradient(grads, low_inputs).to(hiddens.dtype),
            weight_gradient(grads, hiddens[:-1].to(low_inputs.dtype)).to(hiddens.dtype),
            grad_bias,
            None,
            None,
        )
