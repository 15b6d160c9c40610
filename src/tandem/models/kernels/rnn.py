"""One plain (Elman) tanh layer over a whole sequence, with a backward pass of our own (see `lstm.py` for why)."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tandem.models.kernels.activations import tanh_
from tandem.models.kernels.products import input_gradients, weight_gradients


class RnnLayer(torch.autograd.Function):
    """`(inputs, hidden, weights) -> outputs`; the products run in `dtype`, all else as given.

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
        dtype: torch.dtype,
    ) -> Tensor:
        """Run the layer: `outputs [T, B, H]`, the hidden state after each step."""
        steps, batch, _ = inputs.shape
        low_inputs, low_ih, low_hh = inputs.to(dtype), weight_ih.to(dtype), weight_hh.to(dtype)
        by_input = F.linear(low_inputs, low_ih).to(hidden.dtype).add_(bias)
        hiddens = hidden.new_empty(steps + 1, batch, hidden.shape[-1])
        hiddens[0] = hidden
        for t in range(steps):
            hiddens[t + 1] = tanh_(by_input[t].add_(hiddens[t].to(dtype) @ low_hh.t()))
        ctx.save_for_backward(low_inputs, low_ih, low_hh, hiddens)
        ctx.input_dtype = inputs.dtype
        return hiddens[1:].clone()

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of all that `forward` took; `dtype` has none."""
        low_inputs, low_ih, low_hh, hiddens = ctx.saved_tensors
        slopes = 1 - hiddens[1:] * hiddens[1:]
        grads = low_inputs.new_empty(slopes.shape)
        grad_hidden = torch.zeros_like(hiddens[0])
        for t in reversed(range(slopes.shape[0])):
            slopes[t].mul_(grad_hidden + grad_outputs[t])
            grads[t] = slopes[t]
            grad_hidden = (grads[t] @ low_hh).to(hiddens.dtype)
        return (
            input_gradients(grads, low_ih, ctx.input_dtype) if ctx.needs_input_grad[0] else None,
            grad_hidden,
            weight_gradients(grads, low_inputs, hiddens.dtype),
            weight_gradients(grads, hiddens[:-1].to(low_inputs.dtype), hiddens.dtype),
            slopes.sum(dim=(0, 1)),
            None,
        )
