"""The one recurrence that encoder and decoder share: a stack of layers over a sequence, or over one step.

`torch.nn.LSTM`, `GRU` and `RNN` hold the parameters, so their names and gate orders are torch's; the
computation is ours (`kernels/`). Letters: L layers, T steps, B batch, E embedding, H hidden.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tandem.models.kernels.activations import tanh, tanh_
from tandem.models.kernels.gru import GruLayer
from tandem.models.kernels.lstm import LstmLayer
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
    # torch's own dropout draws with `bernoulli_`, several times slower on a CPU than comparing uniform numbers.
    return (torch.rand(shape, device=like.device) >= dropout).to(like.dtype).mul_(1 / (1 - dropout))


def unroll(
    cell_type: CellType,
    layers: Sequence[LayerWeights],
    inputs: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Run all layers over all steps of `inputs [T, B, E]` from `state`.

    Returns the last layer's outputs [T, B, H], and per layer the hidden and the cell states after each step,
    [T, B, H] each (no cells for GRU and plain RNN). `masks`, one a layer but the last, [T, B, H]: dropout.
    """
    dtype = compute_dtype(inputs)
    hiddens: list[Tensor] = []
    cells: list[Tensor] = []
    for index, weights in enumerate(layers):
        hidden = state.hidden[index]
        if cell_type == "lstm":
            assert state.cell is not None
            bias = weights.bias_ih + weights.bias_hh
            outputs, layer_cells = LstmLayer.apply(  # type: ignore[no-untyped-call]
                inputs, hidden, state.cell[index], weights.weight_ih, weights.weight_hh, bias, dtype
            )
            cells.append(layer_cells)
        elif cell_type == "gru":
            outputs = GruLayer.apply(inputs, hidden, *weights, dtype)  # type: ignore[no-untyped-call]
        else:
            bias = weights.bias_ih + weights.bias_hh
            outputs = RnnLayer.apply(  # type: ignore[no-untyped-call]
                inputs, hidden, weights.weight_ih, weights.weight_hh, bias, dtype
            )
        hiddens.append(outputs)
        inputs = outputs if masks is None or index == len(layers) - 1 else outputs * masks[index]
    return outputs, hiddens, cells


def step(
    cell_type: CellType,
    layers: Sequence[LayerWeights],
    inputs: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
) -> tuple[Tensor, RecurrentState]:
    """Run all layers over one step of `inputs [B, E]`: the last layer's output [B, H], and the new state.

    `masks`, one a layer but the last, [B, H]: dropout. The state keeps its dtype whatever the weights' is.
    """
    hiddens: list[Tensor] = []
    cells: list[Tensor] = []
    for index, weights in enumerate(layers):
        hidden = state.hidden[index]
        if cell_type == "lstm":
            assert state.cell is not None
            hidden, cell = _lstm_step(inputs, hidden, state.cell[index], weights)
            cells.append(cell)
        elif cell_type == "gru":
            hidden = _gru_step(inputs, hidden, weights)
        else:
            hidden = tanh_(torch.add(*_gate_shares(inputs, hidden, weights)))
        hiddens.append(hidden)
        output = hidden.to(inputs.dtype)
        inputs = output if masks is None or index == len(layers) - 1 else output * masks[index]
    return output, RecurrentState(torch.stack(hiddens), torch.stack(cells) if cells else None)


def _gate_shares(inputs: Tensor, hidden: Tensor, weights: LayerWeights) -> tuple[Tensor, Tensor]:
    """What the input and the hidden state add to the gates, [B, G] each: products in the weights' dtype, the rest
    in the state's.
    """
    by_input = F.linear(inputs, weights.weight_ih).to(hidden.dtype) + weights.bias_ih
    by_hidden = F.linear(hidden.to(inputs.dtype), weights.weight_hh).to(hidden.dtype) + weights.bias_hh
    return by_input, by_hidden


def _lstm_step(inputs: Tensor, hidden: Tensor, cell: Tensor, weights: LayerWeights) -> tuple[Tensor, Tensor]:
    by_input, by_hidden = _gate_shares(inputs, hidden, weights)
    i, f, g, o = (by_input + by_hidden).chunk(4, dim=-1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * tanh(g)
    return torch.sigmoid(o) * tanh(cell), cell


def _gru_step(inputs: Tensor, hidden: Tensor, weights: LayerWeights) -> Tensor:
    by_input, by_hidden = _gate_shares(inputs, hidden, weights)
    input_r, input_z, input_n = by_input.chunk(3, dim=-1)
    hidden_r, hidden_z, hidden_n = by_hidden.chunk(3, dim=-1)
    candidate = tanh_(input_n + torch.sigmoid(input_r + hidden_r) * hidden_n)
    return torch.lerp(candidate, hidden, torch.sigmoid(input_z + hidden_z))
