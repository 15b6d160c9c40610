"""The plain recurrent layer (Elman 1990) with tanh, in the form of `torch.nn.RNN`.

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

`lstm.py` explains why the layers have a backward pass of their own.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tandem.models.cells.cell import LayerState, LayerWeights, PreparedLayer
from tandem.models.kernels.activations import tanh_, tanh_backward
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.gpu_layers import run_layer
from tandem.models.kernels.products import Packed, converted, linear, packed, weight_gradient
from tandem.names import LayerPart


class Rnn:
    """The plain recurrent cell."""

    has_cell_state = False
    parts: tuple[LayerPart, ...] = ("hidden",)

    def new_parameters(
        self, input_size: int, hidden_size: int, layers: int, *, bidirectional: bool = False
    ) -> nn.RNNBase:
        """See `Cell.new_parameters`."""
        return nn.RNN(input_size, hidden_size, layers, bidirectional=bidirectional)

    def run(
        self, inputs: Tensor, state: LayerState, weights: LayerWeights, ends: Ends, dtype: torch.dtype
    ) -> tuple[Tensor, LayerState]:
        """See `Cell.run`."""
        if inputs.is_cuda:
            return run_layer(torch.rnn_tanh, inputs, state, weights, ends)
        bias = weights.bias_ih + weights.bias_hh
        outputs, last = RnnLayer.apply(  # type: ignore[no-untyped-call]
            inputs, *state, weights.weight_ih, weights.weight_hh, bias, ends, dtype
        )
        return outputs, (last,)

    def prepare(self, weights: LayerWeights, dtype: torch.dtype, *, single_rows: bool) -> PreparedLayer:
        """See `Cell.prepare`. The product with the input adds the sum of both biases."""
        bias = weights.bias_ih.detach() + weights.bias_hh.detach()
        return PreparedLayer(
            Packed(weights.weight_ih.to(dtype), bias.to(dtype), single_rows=single_rows),
            Packed(weights.weight_hh.to(dtype), single_rows=single_rows),
        )

    def advance(self, layer: PreparedLayer, by_input: Tensor, state: LayerState) -> LayerState:
        """See `Cell.advance`."""
        (hidden,) = state
        return (tanh_(layer.of_hidden.plus(by_input, hidden, hidden.dtype)),)

    def watch(self, inputs: Tensor, state: LayerState, weights: LayerWeights) -> Tensor:
        """See `Cell.watch`."""
        (hidden,) = state
        steps = []
        for by_input in functional.linear(inputs, weights.weight_ih, weights.bias_ih):  # (T, B, H) -> T of (B, H)
            hidden = (by_input + functional.linear(hidden, weights.weight_hh, weights.bias_hh)).tanh()
            steps.append(hidden)
        return torch.stack(steps)[None]


class RnnLayer(torch.autograd.Function):
    """One layer over a whole sequence: `(inputs, hidden, weights) -> (outputs, hidden)`.

    Products run in `dtype`, everything else in the type of the arguments.
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
        """Run the layer. Returns the outputs `[T, B, H]` and each row's hidden state `[B, H]` where the row ends."""
        steps, batch, _ = inputs.shape
        low_inputs, low_ih, low_hh = inputs.to(dtype), converted(weight_ih, dtype), converted(weight_hh, dtype)
        packed_hh = packed(low_hh)
        # (T, B, E) x (H, E) -> (T, B, H): the inputs' share of all steps, in one product.
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
        """Return the gradient of every argument of `forward`; `ends` and `dtype` have none."""
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
            # The product with x and the product with h are added inside the tanh, so both have the same gradient.
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
