"""The gated recurrent unit (Cho et al. 2014) in the form of `torch.nn.GRU`, with its gates in torch's order r, z, n.

    r = sigma(W_ir x + b_ir + W_hr h + b_hr)
    z = sigma(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r (W_hn h + b_hn))
    h' = (1 - z) n + z h

`lstm.py` explains why the layers have a backward pass of their own.
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


class Gru:
    """The gated recurrent unit."""

    has_cell_state = False
    parts: tuple[LayerPart, ...] = ("hidden", "update", "reset", "candidate")

    def new_parameters(
        self, input_size: int, hidden_size: int, layers: int, *, bidirectional: bool = False
    ) -> nn.RNNBase:
        """See `Cell.new_parameters`."""
        return nn.GRU(input_size, hidden_size, layers, bidirectional=bidirectional)

    def run(
        self, inputs: Tensor, state: LayerState, weights: LayerWeights, ends: Ends, dtype: torch.dtype
    ) -> tuple[Tensor, LayerState]:
        """See `Cell.run`."""
        if inputs.is_cuda:
            return run_layer(torch.gru, inputs, state, weights, ends)
        outputs, last = GruLayer.apply(inputs, *state, *weights, ends, dtype)  # type: ignore[no-untyped-call]
        return outputs, (last,)

    def prepare(self, weights: LayerWeights, dtype: torch.dtype, *, single_rows: bool) -> PreparedLayer:
        """See `Cell.prepare`. The biases stay separate, because r multiplies one of them."""
        return PreparedLayer(
            Packed(weights.weight_ih.to(dtype), weights.bias_ih.to(dtype), single_rows=single_rows),
            Packed(weights.weight_hh.to(dtype), weights.bias_hh.to(dtype), single_rows=single_rows),
        )

    def advance(self, layer: PreparedLayer, by_input: Tensor, state: LayerState) -> LayerState:
        """See `Cell.advance`."""
        (hidden,) = state
        size = hidden.shape[1]
        # The result of a product may be written into. `by_input` may not, because it may be a row of a table.
        by_hidden = as_type(layer.of_hidden(hidden), hidden.dtype)
        r, z = by_hidden[:, : 2 * size].add_(by_input[:, : 2 * size]).sigmoid_().chunk(2, dim=1)
        n = tanh_(torch.addcmul(as_type(by_input[:, 2 * size :], hidden.dtype), r, by_hidden[:, 2 * size :]))
        return (torch.lerp(n, hidden, z),)  # n + z (h - n) = (1 - z) n + z h

    def watch(self, inputs: Tensor, state: LayerState, weights: LayerWeights) -> Tensor:
        """See `Cell.watch`. The update gate is z, which keeps the old state where it is 1; the candidate is n."""
        (hidden,) = state
        steps = []
        for by_input in functional.linear(inputs, weights.weight_ih, weights.bias_ih):  # (T, B, 3H) -> T of (B, 3H)
            by_hidden = functional.linear(hidden, weights.weight_hh, weights.bias_hh)
            (r_in, z_in, n_in), (r_hid, z_hid, n_hid) = by_input.chunk(3, dim=1), by_hidden.chunk(3, dim=1)
            r, z = (r_in + r_hid).sigmoid(), (z_in + z_hid).sigmoid()
            n = (n_in + r * n_hid).tanh()
            hidden = (1 - z) * n + z * hidden
            steps.append(torch.stack([hidden, z, r, n]))
        return torch.stack(steps, dim=1)


class GruLayer(torch.autograd.Function):
    """One layer over a whole sequence: `(inputs, hidden, weights) -> (outputs, hidden)`.

    Products run in `dtype`, everything else in the type of the arguments.
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
        """Run the layer. Returns the outputs `[T, B, H]` and each row's hidden state `[B, H]` where the row ends."""
        steps, batch, _ = inputs.shape
        size = hidden.shape[-1]
        low_inputs, low_ih, low_hh = inputs.to(dtype), converted(weight_ih, dtype), converted(weight_hh, dtype)
        packed_hh = packed(low_hh, bias_hh.to(dtype))
        # (T, B, E) x (3H, E) -> (T, B, 3H): the inputs' share of all gates at all steps, in one product.
        shares = linear(low_inputs, low_ih, bias_ih.to(dtype))
        gates = hidden.new_empty(shares.shape)
        hiddens = hidden.new_empty(steps + 1, batch, size)
        candidates = hidden.new_empty(steps, batch, size)  # W_hn h + b_hn at each step
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
        """Return the gradient of every argument of `forward`; `ends` and `dtype` have none."""
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
            # h' = (1 - z) n + z h gives dn = (1 - z) dh' and dz = (h - n) dh'; n = tanh(... + r (W_hn h + b_hn)) gives
            # dr. Each is then multiplied by the derivative of its tanh or sigmoid, which follows from its value.
            tanh_backward(grad_hidden - grad_hidden * z, n, grad_n)
            sigmoid_backward(grad_n * candidates[t], r, grad_r)
            sigmoid_backward(grad_hidden * (hiddens[t] - n), z, grad_z)
            low_by_input[t] = by_gate
            grad_bias_ih += by_gate.sum(dim=0)
            # The products with h have the same gradients as those with x, except that r multiplies the part of n.
            grad_n *= r
            low_by_hidden[t] = by_gate
            grad_bias_hh += by_gate.sum(dim=0)
            # dh = z dh', and what comes back through the product with h.
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
