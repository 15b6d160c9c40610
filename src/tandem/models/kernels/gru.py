"""One GRU layer over a whole sequence, with a backward pass of our own (see `lstm.py` for why)."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tandem.models.kernels.activations import tanh_
from tandem.models.kernels.products import input_gradients, weight_gradients


class GruLayer(torch.autograd.Function):
    """`(inputs, hidden, weights) -> outputs`; the products run in `dtype`, all else as given.

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
        dtype: torch.dtype,
    ) -> Tensor:
        """Run the layer: `outputs [T, B, H]`, the hidden state after each step."""
        steps, batch, _ = inputs.shape
        size = hidden.shape[-1]
        low_inputs, low_ih, low_hh = inputs.to(dtype), weight_ih.to(dtype), weight_hh.to(dtype)
        # (T, B, E) x (3H, E) -> (T, B, 3H)
        gates = F.linear(low_inputs, low_ih).to(hidden.dtype).add_(bias_ih)
        hiddens = hidden.new_empty(steps + 1, batch, size)
        candidates = hidden.new_empty(steps, batch, size)  # the hidden state's share of n, before r
        hiddens[0] = hidden
        for t in range(steps):
            by_hidden = (hiddens[t].to(dtype) @ low_hh.t()).to(hidden.dtype).add_(bias_hh)
            gate = gates[t]
            gate[:, : 2 * size].add_(by_hidden[:, : 2 * size]).sigmoid_()
            r, z, n = gate.chunk(3, dim=-1)
            candidates[t] = by_hidden[:, 2 * size :]
            tanh_(n.addcmul_(r, candidates[t]))
            torch.lerp(n, hiddens[t], z, out=hiddens[t + 1])
        ctx.save_for_backward(low_inputs, low_ih, low_hh, gates, hiddens, candidates)
        ctx.input_dtype = inputs.dtype
        return hiddens[1:].clone()

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of all that `forward` took; `dtype` has none."""
        low_inputs, low_ih, low_hh, gates, hiddens, candidates = ctx.saved_tensors
        steps = gates.shape[0]
        r, z, n = gates.chunk(3, dim=-1)
        slope_z = (hiddens[:-1] - n) * z * (1 - z)
        slope_n = (1 - z) * (1 - n * n)
        slope_r = slope_n * candidates * r * (1 - r)
        by_input = torch.empty_like(gates)
        by_hidden = low_inputs.new_empty(gates.shape)
        size = r.shape[-1]
        grad_hidden = torch.zeros_like(hiddens[0])
        for t in reversed(range(steps)):
            grad_hidden = grad_hidden + grad_outputs[t]
            grad_r, grad_z, grad_n = by_input[t].chunk(3, dim=-1)
            torch.mul(grad_hidden, slope_r[t], out=grad_r)
            torch.mul(grad_hidden, slope_z[t], out=grad_z)
            torch.mul(grad_hidden, slope_n[t], out=grad_n)
            by_hidden[t, :, : 2 * size] = by_input[t, :, : 2 * size]
            by_hidden[t, :, 2 * size :] = grad_n * r[t]
            grad_hidden = (grad_hidden * z[t]).add_(by_hidden[t] @ low_hh)
        low_by_input = by_input.to(low_inputs.dtype)
        low_hiddens = hiddens[:-1].to(low_inputs.dtype)
        return (
            input_gradients(low_by_input, low_ih, ctx.input_dtype) if ctx.needs_input_grad[0] else None,
            grad_hidden,
            weight_gradients(low_by_input, low_inputs, hiddens.dtype),
            weight_gradients(by_hidden, low_hiddens, hiddens.dtype),
            by_input.sum(dim=(0, 1)),
            by_hidden.to(hiddens.dtype).sum(dim=(0, 1)),
            None,
        )
