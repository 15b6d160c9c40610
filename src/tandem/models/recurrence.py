"""The one recurrence that encoder and decoder share: a stack of layers over a sequence, or over one step.

`torch.nn.LSTM`, `GRU` and `RNN` hold the parameters, so their names and gate orders are torch's; the
computation is ours (`kernels/`). Letters: L layers, T steps, B batch, E embedding, H hidden.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tandem.models.kernels.activations import tanh_
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.gru import GruLayer
from tandem.models.kernels.lstm import LstmLayer
from tandem.models.kernels.products import Packed
from tandem.models.kernels.rnn import RnnLayer
from tandem.models.prefixes import Level
from tandem.models.state import RecurrentState
from tandem.names import CellType as CellType

_LARGEST_TABLE = 2**25
"""Entries of the largest table of what tokens give to the first layer's gates."""


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


def draw_embedding_mask(
    shape: tuple[int, int, int], dropout: float, word_dropout: float, like: Tensor
) -> Tensor | None:
    """A mask for embeddings [T, B, E]: single numbers are dropped, and whole tokens; None where nothing is."""
    mask = draw_mask(shape, dropout, like) if dropout else None
    if not word_dropout:
        return mask
    words = draw_mask((*shape[:2], 1), word_dropout, like)  # (T, B, 1) against (T, B, E)
    return words.expand(shape) if mask is None else mask.mul_(words)


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
    """One layer's weights, converted and laid out for use without a gradient.

    An LSTM's rows of g are doubled, which is exact, so that one sigmoid serves all gates: tanh x = 2 sigma(2 x) - 1.
    """

    of_input: Packed
    """[G, E], with the biases; a GRU's with `bias_ih` alone."""
    of_hidden: Packed
    """[G, H]; a GRU's with `bias_hh`, which its reset gate comes before."""


def prepare_layers(cell_type: CellType, rnn: nn.RNNBase, dtype: torch.dtype) -> tuple[PreparedLayer, ...]:
    """The weights of each layer converted to `dtype`, for `step` and `read`."""
    prepared = []
    for weights in stack_weights(rnn):
        weight_ih, weight_hh, bias_ih, bias_hh = (w.detach().clone() for w in weights)
        size = weight_hh.shape[1]
        if cell_type != "gru":
            bias_ih += bias_hh
        if cell_type == "lstm":
            for part in (weight_ih, weight_hh, bias_ih):
                part[2 * size : 3 * size] *= 2
        of_hidden = Packed(weight_hh.to(dtype), bias_hh.to(dtype) if cell_type == "gru" else None)
        prepared.append(PreparedLayer(Packed(weight_ih.to(dtype), bias_ih.to(dtype)), of_hidden))
    return tuple(prepared)


class PreparedEmbedding:
    """What tokens give to the first layer's gates: their embeddings times that layer's weights."""

    def __init__(self, embedding: nn.Embedding, layer: PreparedLayer, *, tabulate: bool) -> None:
        """`tabulate` computes it for all tokens at once, [V, G], unless that table would be too large."""
        self._weight = embedding.weight.detach().to(layer.of_input.dtype)
        self._of_input = layer.of_input
        fits = tabulate and len(self._weight) * layer.of_input.rows <= _LARGEST_TABLE
        self._table = layer.of_input(self._weight) if fits else None

    def __call__(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Ids of any shape [...] -> [..., G]; `mask [..., E]`: dropout of the embeddings."""
        if self._table is not None and mask is None:
            return F.embedding(tokens, self._table)
        embedded = F.embedding(tokens, self._weight)
        return self._of_input(embedded if mask is None else embedded * mask)


@torch.no_grad()
def step(
    cell_type: CellType,
    layers: Sequence[PreparedLayer],
    by_input: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
) -> tuple[Tensor, RecurrentState]:
    """Run all layers over one step: the last layer's output [B, H], and the new state.

    `by_input [B, G]` is what the input gives to the first layer's gates.

    `masks`, one a layer but the last, [B, H]: dropout. Products run in the weights' type, all else in the state's.
    There is no gradient.
    """
    hiddens = list(state.hidden.unbind())
    cells: list[Tensor | None] = [None] * len(hiddens) if state.cell is None else list(state.cell.unbind())
    for index, layer in enumerate(layers):
        if index:
            going_up = hiddens[index - 1] if masks is None else hiddens[index - 1] * masks[index - 1]
            by_input = layer.of_input(going_up)
        by_hidden = layer.of_hidden(hiddens[index])
        hiddens[index], cells[index] = _advance(cell_type, by_input, by_hidden, hiddens[index], cells[index])
    new_cells = [cell for cell in cells if cell is not None]
    return hiddens[-1], RecurrentState(torch.stack(hiddens), torch.stack(new_cells) if new_cells else None)


@torch.no_grad()
def read(
    cell_type: CellType,
    layers: Sequence[PreparedLayer],
    by_input: Tensor,
    levels: Sequence[Level],
    start: RecurrentState,
    batch: int,
) -> RecurrentState:
    """Run all layers over the `levels` of a prefix tree, from the one row of `start`: the state of each of the sources.

    There are `batch` of them. `by_input [P, G]` is what the tree's tokens give to the first layer's gates. Without a
    gradient or anything that only a gradient needs.
    """
    ended = start.select(torch.zeros(batch, dtype=torch.int64, device=by_input.device))
    for index, layer in enumerate(layers):
        outputs: list[Tensor] = []
        states = _level_states(cell_type, layer, by_input, levels, start, index)
        for level, (hidden, cell) in zip(levels, states, strict=True):
            outputs.append(hidden)
            if level.ending is not None:
                sources, places = level.ending
                ended.hidden[index, sources] = hidden[places]
                if cell is not None and ended.cell is not None:
                    ended.cell[index, sources] = cell[places]
        if index < len(layers) - 1:
            by_input = layers[index + 1].of_input(torch.cat(outputs))  # (P, H) -> (P, G)
    return ended


@torch.no_grad()
def read_outputs(
    cell_type: CellType,
    layers: Sequence[PreparedLayer],
    by_input: Tensor,
    levels: Sequence[Level],
    start: RecurrentState,
) -> Tensor:
    """As `read`, from the rows of `start`: what the last layer puts out at every beginning, [P, H]."""
    outputs = by_input
    for index, layer in enumerate(layers):
        states = _level_states(cell_type, layer, layer.of_input(outputs) if index else by_input, levels, start, index)
        outputs = torch.cat([hidden for hidden, _ in states])
    return outputs


def _level_states(
    cell_type: CellType,
    layer: PreparedLayer,
    by_input: Tensor,
    levels: Sequence[Level],
    start: RecurrentState,
    index: int,
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """One layer's hidden and cell state at each level; it is the stack's layer `index`."""
    hidden = start.hidden[index]
    cell = None if start.cell is None else start.cell[index]
    for level, share in zip(levels, torch.split(by_input, [level.size for level in levels]), strict=True):
        if level.parents is not None:
            hidden = hidden.index_select(0, level.parents)
            cell = None if cell is None else cell.index_select(0, level.parents)
        hidden, cell = _advance(cell_type, share, layer.of_hidden(hidden), hidden, cell)
        yield hidden, cell


def _advance(
    cell_type: CellType, by_input: Tensor, by_hidden: Tensor, hidden: Tensor, cell: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """One layer's next hidden and cell state, [B, H], from what input and hidden state give to its gates, [B, G]."""
    # A product's result may be written into. An LSTM's hidden state may have the products' type: only they read it.
    by_hidden = by_hidden.to(hidden.dtype if cell is None else cell.dtype)
    if cell_type == "gru":
        size = hidden.shape[1]
        r, z = by_hidden[:, : 2 * size].add_(by_input[:, : 2 * size]).sigmoid_().chunk(2, dim=-1)
        candidate = tanh_(torch.addcmul(by_input[:, 2 * size :].to(hidden.dtype), r, by_hidden[:, 2 * size :]))
        return torch.lerp(candidate, hidden, z), None
    gates = by_hidden.add_(by_input)
    if cell is None:
        return tanh_(gates), None
    i, f, g, o = gates.sigmoid_().chunk(4, dim=1)
    cell = (f * cell).sub_(i).addcmul_(i, g, value=2)  # f c + i (2 g - 1)
    return torch.lerp(-o, o, (cell * 2).sigmoid_()).to(hidden.dtype), cell  # o (2 sigma(2 c) - 1)
