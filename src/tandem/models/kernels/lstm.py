"""One LSTM layer over a whole sequence, with a backward pass of our own.

Two reasons to have it: the layer gives the cell state at *every* step, so that sequences of any length share
a batch without packing, and each step's backward costs one matrix product, the weights' gradients being taken
in one product over all the steps.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tandem.models.kernels.activations import tanh, tanh_
from tandem.models.kernels.products import input_gradients, weight_gradients


class LstmLayer(torch.autograd.Function):
    """`(inputs, hidden, cell, weights) -> (outputs, cells)`; the products run in `dtype`, all else as given.

    Source: Hochreiter & Schmidhuber 1997 in the form of `torch.nn.LSTM`, gates in its order (i, f, g, o).
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
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        """Run the layer: `outputs [T, B, H]` and `cells [T, B, H]`, the state after each step."""
        steps, batch, _ = inputs.shape
        size = hidden.shape[-1]
        low_inputs, low_ih, low_hh = inputs.to(dtype), weight_ih.to(dtype), weight_hh.to(dtype)
        # (T, B, E) x (4H, E) -> (T, B, 4H): the inputs' share of every gate, in one product
        gates = F.linear(low_inputs, low_ih).to(hidden.dtype).add_(bias)
        hiddens = hidden.new_empty(steps + 1, batch, size, dtype=dtype)
        cells = cell.new_empty(steps + 1, batch, size)
        outputs = hidden.new_empty(steps, batch, size)
        hiddens[0], cells[0] = hidden, cell
        for t in range(steps):
            gate = gates[t].add_(hiddens[t] @ low_hh.t())
            gate[:, : 2 * size].sigmoid_()
            tanh_(gate[:, 2 * size : 3 * size])
            gate[:, 3 * size :].sigmoid_()
            i, f, g, o = gate.chunk(4, dim=-1)
            torch.addcmul(f * cells[t], i, g, out=cells[t + 1])
            torch.mul(o, tanh(cells[t + 1]), out=outputs[t])
            hiddens[t + 1] = outputs[t]
        ctx.save_for_backward(low_inputs, low_ih, low_hh, gates, hiddens, cells)
        ctx.input_dtype = inputs.dtype
        return outputs, cells[1:].clone()

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor, grad_cells: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of all that `forward` took; `dtype` has none."""
        low_inputs, low_ih, low_hh, gates, hiddens, cells = ctx.saved_tensors
        steps = gates.shape[0]
        i, f, g, o = gates.chunk(4, dim=-1)
        tanh_cells = tanh(cells[1:])
        # What each gate's gradient is per unit of the cell's (i, f, g) or the output's (o), for all steps at once.
        slopes = torch.empty_like(gates)
        slope_i, slope_f, slope_g, slope_o = slopes.chunk(4, dim=-1)
        torch.mul(g * i, 1 - i, out=slope_i)
        torch.mul(cells[:-1] * f, 1 - f, out=slope_f)
        torch.mul(i, 1 - g * g, out=slope_g)
        torch.mul(tanh_cells * o, 1 - o, out=slope_o)
        cell_per_output = o * (1 - tanh_cells * tanh_cells)
        size = o.shape[-1]
        grad_gates = low_inputs.new_empty(gates.shape)
        grad_hidden = torch.zeros_like(cells[0])
        grad_cell = torch.zeros_like(cells[0])
        for t in reversed(range(steps)):
            grad_hidden = grad_hidden + grad_outputs[t]
            grad_cell = (grad_cell + grad_cells[t]).addcmul_(grad_hidden, cell_per_output[t])
            by_gate = slopes[t]
            by_gate[:, : 3 * size].view(-1, 3, size).mul_(grad_cell.unsqueeze(1))
            by_gate[:, 3 * size :].mul_(grad_hidden)
            grad_gates[t] = by_gate
            grad_hidden = (grad_gates[t] @ low_hh).to(grad_cell.dtype)
            grad_cell = grad_cell.mul_(f[t])
        needed = ctx.needs_input_grad
        return (
            input_gradients(grad_gates, low_ih, ctx.input_dtype) if needed[0] else None,
            grad_hidden,
            grad_cell,
            weight_gradients(grad_gates, low_inputs, cells.dtype),
            weight_gradients(grad_gates, hiddens[:-1], cells.dtype),
            slopes.sum(dim=(0, 1)),
            None,
        )
