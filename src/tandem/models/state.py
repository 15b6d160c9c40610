"""The state of a stack of recurrent layers, which an encoder passes to a decoder."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tandem.models.cells import LayerState


class RecurrentState(NamedTuple):
    """The state of all layers together, so that `hidden, cell = encoder(src)` just works."""

    hidden: Tensor
    """`[L, B, H]`"""
    cell: Tensor | None = None
    """`[L, B, H]`; None for cells without a cell state, such as the GRU."""

    @classmethod
    def stack(cls, layers: Sequence[LayerState]) -> "RecurrentState":
        """Combine the states of single layers, first layer first."""
        return cls(*(torch.stack(parts) for parts in zip(*layers, strict=True)))

    @classmethod
    def join(cls, states: Sequence["RecurrentState"]) -> "RecurrentState":
        """Combine the states of several stacks, lowest stack first."""
        parts = zip(*states, strict=True)
        return cls(*(torch.cat(part) for part in parts if part[0] is not None)) if len(states) > 1 else states[0]

    def layer(self, index: int) -> LayerState:
        """Return the state of one layer, counted from 0."""
        return tuple(part[index] for part in self if part is not None)

    def layers(self, begin: int, end: int) -> "RecurrentState":
        """Return the state of the layers from `begin` up to, but not including, `end`."""
        return RecurrentState(self.hidden[begin:end], None if self.cell is None else self.cell[begin:end])

    def select(self, rows: Tensor) -> "RecurrentState":
        """Repeat, reorder or drop rows of the batch: int64 `rows [B']` -> a state of B' rows."""
        cell = None if self.cell is None else self.cell.index_select(1, rows)
        return RecurrentState(self.hidden.index_select(1, rows), cell)
