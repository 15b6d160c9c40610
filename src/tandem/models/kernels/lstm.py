"""One LSTM layer over a whole sequence, with a backward pass of our own.

Two reasons to have it: each row of the batch ends where it ends, so that sentences of any length share a batch
without packing, and a step's backward costs one matrix product, the weights' gradients being taken in one product
over all the steps. What is not a product is done step by step, while the step's gates are in the cache.
"""

from typing import Any

import torch
from torch import Tensor

from tandem.models.kernels.activations import sigmoid_backward, tanh_, tanh_backward
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.products import Packed, linear, weight_gradient


class LstmLayer(torch.autograd.Function):
    """`(inputs, hidden, cell, weights) -> (outputs, hidden, cell)`; products run in `dtype`, all else as given.

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
        ends: Ends,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the layer: `outputs [T, B, H]`, and each row's hidden and cell state [B, H] where it ends."""
        steps, batch, _ = inputs.shape
        size = hidden.shape[-1]
        low_inputs, low_ih, low_hh = inputs.to(dtype), weight_ih.to(dtype), weight_hh.to(dtype)
        # (T, B, E) x (4H, E) -> (T, B, 4H): the inputs' share of every gate, in one product
        shares = linear(low_inputs, low_ih, bias.to(dtype))
        packed_hh = Packed(low_hh)
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
            # One sigmoid for all four: tanh x = 2 sigma(2 x) - 1.
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
        """The gradients of all that `forward` took; `ends` and `dtype` have none."""
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
            tanh_backward(o, tanh_cells[t], cell_per_hidden)
            grad_cell.addcmul_(grad_hidden, cell_per_hidden)
            # Each gate's gradient per unit of the cell's (i, f, g) or the hidden state's (o), then the gradient.
            sigmoid_backward(g, i, grad_i)
            sigmoid_backward(cells[t], f, grad_f)
            tanh_backward(i, g, grad_g)
            sigmoid_backward(tanh_cells[t], o, grad_o)
            by_gate.view(batch, 4, -1)[:, :3].mul_(grad_cell.unsqueeze(1))
            grad_o *= grad_hidden
            grad_bias += by_gate.sum(dim=0)
            grad_gates[t] = by_gate
            grad_cell *= f
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
