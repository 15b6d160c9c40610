"""A stack of recurrent layers without a gradient: single steps, and whole trees of prefixes, level by level.

Letters: `L` layers, `B` batch, `P` prefixes of a tree, `E` embedding, `H` hidden, `G` = the number of gates times
`H`, `V` vocabulary.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tandem.models.cells import Cell, LayerState, PreparedLayer
from tandem.models.embedding import Embedding
from tandem.models.prefixes import Level
from tandem.models.recurrence import stack_weights
from tandem.models.state import RecurrentState

_LARGEST_TABLE = 2**25
"""The most entries that a table of the embeddings' products may have."""


class PreparedStack(NamedTuple):
    """The weights of the layers of an encoder or a decoder, converted and laid out once."""

    cell: Cell
    layers: tuple[PreparedLayer, ...]

    def step(
        self, by_input: Tensor, states: Sequence[LayerState], masks: Sequence[Tensor] | None
    ) -> tuple[LayerState, ...]:
        """Run all layers over one step and return their new states.

        `by_input [B, G]` is the product of the input with the first layer's weight. `masks`, `[B, H]` for each layer
        except the last, are dropout. The result has no gradient if the states have none.
        """
        after: list[LayerState] = []
        for index, layer in enumerate(self.layers):
            if index:
                output = after[-1][0] if masks is None else after[-1][0] * masks[index - 1]
                by_input = layer.of_input(output)
            after.append(self.cell.advance(layer, by_input, states[index]))
        return tuple(after)

    def final_states(
        self, by_input: Tensor, levels: Sequence[Level], start: RecurrentState, batch: int
    ) -> RecurrentState:
        """Read the tree of a batch's sources from the one row of `start`, and return each source's state at its end.

        `by_input [P, G]` are the products of the tree's tokens with the first layer's weight.
        """
        ended: list[LayerState] = []
        for index, layer in enumerate(self.layers):
            before = start.layer(index)
            parts = tuple(part.new_empty(batch, part.shape[1]) for part in before)
            outputs: list[Tensor] = []
            for level, state in zip(levels, self._level_states(layer, by_input, levels, before), strict=True):
                outputs.append(state[0])
                if level.ending is not None:
                    sources, places = level.ending
                    for part, values in zip(parts, state, strict=True):
                        part[sources] = values[places]
            ended.append(parts)
            if index < len(self.layers) - 1:
                by_input = self.layers[index + 1].of_input(torch.cat(outputs))  # (P, H) -> (P, G)
        return RecurrentState.stack(ended)

    def outputs(self, by_input: Tensor, levels: Sequence[Level], start: Sequence[LayerState]) -> Tensor:
        """Read a tree that continues the rows of `start`, and return the last layer's output at each prefix.

        `by_input [P, G]` are the products of the tree's tokens with the first layer's weight. Returns `[P, H]`.
        """
        outputs = by_input
        for index, layer in enumerate(self.layers):
            by_input = layer.of_input(outputs) if index else by_input
            states = self._level_states(layer, by_input, levels, start[index])
            outputs = torch.cat([hidden for hidden, *_ in states])
        return outputs

    def _level_states(
        self, layer: PreparedLayer, by_input: Tensor, levels: Sequence[Level], state: LayerState
    ) -> Iterator[LayerState]:
        """Yield one layer's state at each level."""
        for level, share in zip(levels, torch.split(by_input, [level.size for level in levels]), strict=True):
            if level.parents is not None:
                state = tuple(part.index_select(0, level.parents) for part in state)
            state = self.cell.advance(layer, share, state)
            yield state


class PreparedEmbedding:
    """The products of the embeddings with the first layer's weight, which are all that a stack needs of a token."""

    def __init__(self, embedding: Embedding, layer: PreparedLayer, *, tabulate: bool) -> None:
        """With `tabulate`, compute the products of all tokens at once, `[V, G]`, unless that table is too large."""
        self._weight = embedding.table().to(layer.of_input.dtype)
        self._of_input = layer.of_input
        fits = tabulate and len(self._weight) * layer.of_input.rows <= _LARGEST_TABLE
        self._table = layer.of_input(self._weight) if fits else None

    def __call__(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the products `[B, G]` of `tokens [B]`; `mask [B, E]` is dropout of their embeddings."""
        if self._table is not None and mask is None:
            return self._table.index_select(0, tokens)
        embedded = self._weight.index_select(0, tokens)
        return self._of_input(embedded if mask is None else embedded * mask)


def prepare_stack(cell: Cell, rnn: nn.RNNBase, dtype: torch.dtype, *, single_rows: bool) -> PreparedStack:
    """Convert the weights of all layers to `dtype` and lay them out; `single_rows` as for `Packed`."""
    with torch.no_grad():
        layers = (cell.prepare(weights, dtype, single_rows=single_rows) for weights in stack_weights(rnn))
        return PreparedStack(cell, tuple(layers))
