"""Long short-term memory (Hochreiter & Schmidhuber 1997) in the form of `torch.nn.LSTM`, gates in its order i, f, g, o.

    i, f, o = sigma(W_i x + b_i + W_h h + b_h), each with its own rows of the weights
    g       = tanh(W_i x + b_i + W_h h + b_h)
    c' = f c + i g
    h' = o tanh(c')

The layer of each cell has a backward pass of its own, for two reasons. Each row of a batch ends at its own last step,
so sentences of any length share a batch without packing. And the backward pass of a step needs only one matrix product,
because one product over all steps, at the end, gives the gradients of the weights. Everything else is computed step by
step, while the gates of the step are in the cache.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tandem.models.cells.cell import LayerState, LayerWeights, PreparedLayer
from tandem.models.kernels.activations import sigmoid_backward, tanh_, tanh_backward
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.gpu_layers import run_layer
from tandem.models.kernels.products import Packed, as_type, converted, linear, packed, weight_gradient
from tandem.names import LayerPart


class Lstm:
    """Long short-term memory."""

    has_cell_state = True
    parts: tuple[LayerPart, ...] = ("hidden", "cell", "input", "forget", "output", "candidate")

    def new_parameters(
        self, input_size: int, hidden_size: int, layers: int, *, bidirectional: bool = False
    ) -> nn.RNNBase:
        """See `Cell.new_parameters`."""
        return nn.LSTM(input_size, hidden_size, layers, bidirectional=bidirectional)

    def run(
        self, inputs: Tensor, state: LayerState, weights: LayerWeights, ends: Ends, dtype: torch.dtype
    ) -> tuple[Tensor, LayerState]:
        """See `Cell.run`."""
        if inputs.is_cuda:
            return run_layer(torch.lstm, inputs, state, weights, ends)
        bias = weights.bias_ih + weights.bias_hh
        outputs, hidden, cell = LstmLayer.apply(  # type: ignore[no-untyped-call]
            inputs, *state, weights.weight_ih, weights.weight_hh, bias, ends, dtype
        )
        return outputs, (hidden, cell)

    def prepare(self, weights: LayerWeights, dtype: torch.dtype, *, single_rows: bool) -> PreparedLayer:
        """See `Cell.prepare`. The rows of g are doubled, which is exact in floating point; `advance` explains why."""
        size = weights.weight_hh.shape[1]
        weight_ih, weight_hh = weights.weight_ih.detach().clone(), weights.weight_hh.detach().clone()
        bias = weights.bias_ih.detach() + weights.bias_hh.detach()
        for part in (weight_ih, weight_hh, bias):
            part[2 * size : 3 * size] *= 2
        return PreparedLayer(
            Packed(weight_ih.to(dtype), bias.to(dtype), single_rows=single_rows),
            Packed(weight_hh.to(dtype), single_rows=single_rows),
        )

    def advance(self, layer: PreparedLayer, by_input: Tensor, state: LayerState) -> LayerState:
        """See `Cell.advance`."""
        hidden, cell = state
        # tanh x = 2 sigma(2 x) - 1. With the rows of g doubled, one sigmoid serves all four gates, and the third part
        # is s = sigma(2 x) instead of g = 2 s - 1.
        gates = layer.of_hidden.plus(by_input, hidden, cell.dtype).sigmoid_()
        i, f, s, o = gates.chunk(4, dim=1)
        cell = (f * cell).sub_(i).addcmul_(i, s, value=2)  # f c + i g = f c - i + 2 i s
        # o tanh c = o (2 sigma(2 c) - 1) = -o + sigma(2 c) (o - (-o)), which is one `lerp` from -o to o.
        return as_type(torch.lerp(-o, o, (cell * 2).sigmoid_()), hidden.dtype), cell

    def watch(self, inputs: Tensor, state: LayerState, weights: LayerWeights) -> Tensor:
        """See `Cell.watch`. The candidate is g."""
        hidden, cell = state
        steps = []
        for by_input in functional.linear(inputs, weights.weight_ih, weights.bias_ih):  # (T, B, 4H) -> T of (B, 4H)
            gates = by_input + functional.linear(hidden, weights.weight_hh, weights.bias_hh)
            by_i, by_f, by_g, by_o = gates.chunk(4, dim=1)
            i, f, g, o = by_i.sigmoid(), by_f.sigmoid(), by_g.tanh(), by_o.sigmoid()
            cell = f * cell + i * g
            hidden = o * cell.tanh()
            steps.append(torch.stack([hidden, cell, i, f, o, g]))
        return torch.stack(steps, dim=1)


class LstmLayer(torch.autograd.Function):
    """One layer over a whole sequence: `(inputs, hidden, cell, weights) -> (outputs, hidden, cell)`.

    Products run in `dtype`, everything else in the type of the arguments.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,  # [T, B, E]
        hidden: Tensor,  # [B, H]
        cell: Tensor,  # [B, H]
        weight_ih: Tensor,  # [4H, E]
        weight_hh: Tensor,  # [4H, H]
        bias: Tensor,  # [4H], the sum of both of torch's biases
        ends: Ends,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the layer. Returns the outputs `[T, B, H]` and each row's two states `[B, H]` where the row ends."""
        steps, batch, _ = inputs.shape
        size = hidden.shape[-1]
        low_inputs, low_ih, low_hh = inputs.to(dtype), converted(weight_ih, dtype), converted(weight_hh, dtype)
        # (T, B, E) x (4H, E) -> (T, B, 4H): the inputs' share of all gates at all steps, in one product.
        shares = linear(low_inputs, low_ih, bias.to(dtype))
        packed_hh = packed(low_hh)
        gates = hidden.new_empty(shares.shape)
        hiddens = low_inputs.new_empty(steps + 1, batch, size)
        cells = cell.new_empty(steps + 1, batch, size)
        tanh_cells = cell.new_empty(steps, batch, size)
        outputs = hidden.new_empty(steps, batch, size)
        hiddens[0], cells[0] = hidden, cell
        for t in range(steps):
            by_hidden = packed_hh(hiddens[t])
            gate = torch.add(shares[t].to(gates.dtype), by_hidden.to(gates.dtype), out=gates[t])
            i, f, g, o = gate.chunk(4, dim=-1)
            # tanh x = 2 sigma(2 x) - 1: with g doubled before and after, one sigmoid serves all four gates.
            g.mul_(2)
            gate.sigmoid_()
            g.mul_(2).sub_(1)
            torch.mul(f, cells[t], out=cells[t + 1]).addcmul_(i, g)
            tanh_(tanh_cells[t].copy_(cells[t + 1]))
            torch.mul(o, tanh_cells[t], out=outputs[t])
            hiddens[t + 1] = outputs[t]
        ctx.save_for_backward(low_inputs, low_ih, low_hh, gates, hiddens, cells, tanh_cells)
        ctx.input_dtype, ctx.ends = inputs.dtype, ends
        ctx.set_materialize_grads(False)
        return outputs, ends.pick(outputs), ends.pick(cells[1:])

    @staticmethod
    def backward(
        ctx: Any, grad_outputs: Tensor | None, grad_last_hidden: Tensor | None, grad_last_cell: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Return the gradient of every argument of `forward`; `ends` and `dtype` have none."""
        low_inputs, low_ih, low_hh, gates, hiddens, cells, tanh_cells = ctx.saved_tensors
        steps, batch, _ = gates.shape
        ending = ctx.ends.rows(gates.device)
        grad_gates = torch.empty_like(gates, dtype=low_inputs.dtype)
        grad_hidden = torch.zeros_like(cells[0])
        grad_cell = torch.zeros_like(cells[0])
        grad_bias = gates.new_zeros(gates.shape[2])
        by_gate = torch.empty_like(gates[0])
        grad_i, grad_f, grad_g, grad_o = by_gate.chunk(4, dim=-1)
        cell_per_hidden = torch.empty_like(grad_cell)
        for t in reversed(range(steps)):
            i, f, g, o = gates[t].chunk(4, dim=-1)
            if grad_outputs is not None:
                grad_hidden += grad_outputs[t]
            if (rows := ending.get(t)) is not None:
                if grad_last_hidden is not None:
                    grad_hidden[rows] += grad_last_hidden[rows]
                if grad_last_cell is not None:
                    grad_cell[rows] += grad_last_cell[rows]
            # h' = o tanh c', so dc' gets dh' times o (1 - tanh^2 c').
            tanh_backward(o, tanh_cells[t], cell_per_hidden)
            grad_cell.addcmul_(grad_hidden, cell_per_hidden)
            # c' = f c + i g and h' = o tanh c'. First come the derivatives of c' with respect to the arguments of i, f
            # and g, and of h' with respect to that of o. Then dc' multiplies the first three, and dh' the last one.
            sigmoid_backward(g, i, grad_i)
            sigmoid_backward(cells[t], f, grad_f)
            tanh_backward(i, g, grad_g)
            sigmoid_backward(tanh_cells[t], o, grad_o)
            by_gate.view(batch, 4, -1)[:, :3].mul_(grad_cell.unsqueeze(1))
            grad_o *= grad_hidden
            grad_bias += by_gate.sum(dim=0)
            grad_gates[t] = by_gate
            grad_cell *= f  # dc = f dc'
            if t or ctx.needs_input_grad[1]:
                grad_hidden = linear(grad_gates[t], low_hh.t()).to(grad_cell.dtype)
        return (
            linear(grad_gates, low_ih.t()).to(ctx.input_dtype) if ctx.needs_input_grad[0] else None,
            grad_hidden if ctx.needs_input_grad[1] else None,
            grad_cell,
            weight_gradient(grad_gates, low_inputs).to(cells.dtype),
            weight_gradient(grad_gates, hiddens[:-1]).to(cells.dtype),
            grad_bias,
            None,
            None,
        )
