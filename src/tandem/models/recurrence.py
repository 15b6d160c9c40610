"""The one recurrence that encoder and decoder share: a stack of layers over a sequence, or over one step.

`torch.nn.LSTM`, `GRU` and `RNN` hold the parameters, so their names and gate orders are torch's; the
computation is ours (`kernels/`). Letters: L layers, T steps, B batch, E embedding, H hidden.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

import torch
from torch import Tensor, nn

from tandem.models.kernels.activations import tanh_
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.gru import GruLayer
from tandem.models.kernels.lstm import LstmLayer
from tandem.models.kernels.products import Packed
from tandem.models.kernels.rnn import RnnLayer
from tandem.models.state import RecurrentState

CellType: TypeAlias = Literal["lstm", "gru", "rnn"]


class LayerWeights(NamedTuple):
    """One layer's parameters, as `torch.nn.LSTM` names and orders them."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor


def new_rnn(cell_type: CellType, input_size: int, hid_dim: int, n_layers: int) -> nn.RNNBase:
    """The holder of a stack's parameters. Dropout is not its business: `unroll` takes masks."""
    if cell_type == "lstm":
        return nn.LSTM(input_size, hid_dim, n_layers)
    if cell_type == "gru":
        return nn.GRU(input_size, hid_dim, n_layers)
    if cell_type == "rnn":
        return nn.RNN(input_size, hid_dim, n_layers)
    raise ValueError(f"cell_type is {cell_type!r}; it must be one of {', '.join(get_args(CellType))}")


def stack_weights(rnn: nn.RNNBase) -> tuple[LayerWeights, ...]:
    """The parameters of each layer, from the first to the last."""
    return tuple(LayerWeights(*weights) for weights in rnn.all_weights)


def zero_state(cell_type: CellType, n_layers: int, batch: int, like: Tensor) -> RecurrentState:
    """The state before the first token: zeros [L, B, H] with the dtype and device of a recurrent weight `like`."""
    zeros = like.new_zeros(n_layers, batch, like.shape[1])
    return RecurrentState(zeros, zeros.clone() if cell_type == "lstm" else None)


def compute_dtype(like: Tensor) -> torch.dtype:
    """The type that matrix products run in: autocast's where it is on, else the tensor's own."""
    kind = like.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else like.dtype


def draw_masks(n_layers: int, shape: tuple[int, int, int], dropout: float, like: Tensor) -> list[Tensor] | None:
    """Inverted-dropout masks for what goes up from each layer but the last; None where nothing is dropped."""
    if dropout == 0 or n_layers < 2:
        return None
    return [draw_mask(shape, dropout, like) for _ in range(n_layers - 1)]


def draw_mask(shape: tuple[int, ...], dropout: float, like: Tensor) -> Tensor:
    """A mask to multiply with: 0 with probability `dropout`, else 1 / (1 - dropout)."""
    if like.device.type != "cpu":
        return (torch.rand(shape, device=like.device) >= dropout).to(like.dtype).mul_(1 / (1 - dropout))
    # On a CPU the generator is the bottleneck, so each number that it draws, 64 bits, decides four places. torch's own
    # dropout draws one a place with `bernoulli_`. The probability is right to 1 / 2^17.
    words = torch.empty(-(-math.prod(shape) // 4), dtype=torch.int64).random_(-(2**63), None)
    lanes = words.view(torch.int16)[: math.prod(shape)].view(shape)
    return (lanes >= round(dropout * 2**16) - 2**15).to(like.dtype).mul_(1 / (1 - dropout))


def unroll(
    cell_type: CellType,
    layers: Sequence[LayerWeights],
    inputs: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
    last: Tensor | None = None,
) -> tuple[Tensor, RecurrentState]:
    """Run all layers over all steps of `inputs [T, B, E]` from `state`.

    Returns the last layer's outputs [T, B, H], and the state of each row after its last step, `last [B]` on the CPU
    (None: step T - 1). `masks`, one a layer but the last, [T, B, H]: dropout.
    """
    if len(inputs) == 0:
        return inputs.new_zeros(0, *state.hidden.shape[1:]), state
    dtype, ends = compute_dtype(inputs), Ends(len(inputs), last)
    hiddens: list[Tensor] = []
    cells: list[Tensor] = []
    for index, weights in enumerate(layers):
        hidden = state.hidden[index]
        if cell_type == "lstm":
            assert state.cell is not None
            bias = weights.bias_ih + weights.bias_hh
            outputs, hidden, cell = LstmLayer.apply(  # type: ignore[no-untyped-call]
                inputs, hidden, state.cell[index], weights.weight_ih, weights.weight_hh, bias, ends, dtype
            )
            cells.append(cell)
        elif cell_type == "gru":
            outputs, hidden = GruLayer.apply(inputs, hidden, *weights, ends, dtype)  # type: ignore[no-untyped-call]
        else:
            bias = weights.bias_ih + weights.bias_hh
            outputs, hidden = RnnLayer.apply(  # type: ignore[no-untyped-call]
                inputs, hidden, weights.weight_ih, weights.weight_hh, bias, ends, dtype
            )
        hiddens.append(hidden)
        inputs = outputs if masks is None or index == len(layers) - 1 else outputs * masks[index]
    return outputs, RecurrentState(torch.stack(hiddens), torch.stack(cells) if cells else None)


class PreparedLayer(NamedTuple):
    """One layer's weights, laid out for single steps."""

    of_input: Packed
    """[G, E + H], for input and hidden state side by side; a GRU's only [3H, E]."""
    of_hidden: Packed | None
    """A GRU's [3H, H], kept apart because the reset gate comes between."""


def prepare_layer(cell_type: CellType, weights: LayerWeights, dtype: torch.dtype) -> PreparedLayer:
    """A layer's weights converted to `dtype` and laid out for `step`."""
    weight_ih, weight_hh, bias_ih, bias_hh = (weight.detach() for weight in weights)
    if cell_type == "gru":
        return PreparedLayer(
            Packed(weight_ih.to(dtype), bias_ih.to(dtype)), Packed(weight_hh.to(dtype), bias_hh.to(dtype))
        )
    return PreparedLayer(
        Packed(torch.cat([weight_ih, weight_hh], dim=1).to(dtype), (bias_ih + bias_hh).to(dtype)), None
    )


@torch.no_grad()
def step(
    cell_type: CellType,
    layers: Sequence[PreparedLayer],
    inputs: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
) -> tuple[Tensor, RecurrentState]:
    """Run all layers over one step of `inputs [B, E]`: the last layer's output [B, H], and the new state.

    `masks`, one a layer but the last, [B, H]: dropout. Products run in the weights' type, all else in the state's.
    There is no gradient.
    """
    hiddens: list[Tensor] = []
    cells: list[Tensor] = []
    for index, layer in enumerate(layers):
        hidden = state.hidden[index]
        if cell_type == "gru":
            hidden = _gru_step(inputs, hidden, layer)
        else:
            joint = torch.cat([inputs.to(layer.of_input.dtype), hidden.to(layer.of_input.dtype)], dim=1)
            gates = layer.of_input(joint).to(hidden.dtype)
            if cell_type == "lstm":
                assert state.cell is not None
                hidden, cell = _lstm_gates(gates, state.cell[index])
                cells.append(cell)
            else:
                hidden = tanh_(gates)
        hiddens.append(hidden)
        inputs = hidden if masks is None or index == len(layers) - 1 else hidden * masks[index]
    return inputs, RecurrentState(torch.stack(hiddens), torch.stack(cells) if cells else None)


def _lstm_gates(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """What the gates [B, 4H], before their activations and lost to them, make of the cell: hidden state and cell."""
    i, f, g, o = gates.chunk(4, dim=-1)
    g.mul_(2)
    gates.sigmoid_()
    g.mul_(2).sub_(1)  # tanh x = 2 sigma(2 x) - 1
    cell = (f * cell).addcmul_(i, g)
    return tanh_(cell.clone()).mul_(o), cell


def _gru_step(inputs: Tensor, hidden: Tensor, layer: PreparedLayer) -> Tensor:
    assert layer.of_hidden is not None
    by_input, by_hidden = layer.of_input(inputs).to(hidden.dtype), layer.of_hidden(hidden).to(hidden.dtype)
    size = hidden.shape[1]
    r, z = by_input[:, : 2 * size].add(by_hidden[:, : 2 * size]).sigmoid_().chunk(2, dim=-1)
    candidate = tanh_(torch.addcmul(by_input[:, 2 * size :], r, by_hidden[:, 2 * size :]))
    return torch.lerp(candidate, hidden, z)
