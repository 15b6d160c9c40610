"""What an encoder hands to a decoder, and a decoder to its next step."""

from typing import NamedTuple

from torch import Tensor


class RecurrentState(NamedTuple):
    """The state of a stack of recurrent layers, so that `hidden, cell = encoder(src)` just works."""

    hidden: Tensor
    """[L, B, H]"""
    cell: Tensor | None = None
    """[L, B, H]; None for GRU and plain RNN, which have no cell."""

    def select(self, rows: Tensor) -> "RecurrentState":
        """Repeat, reorder or drop rows of the batch: `rows [B']` of int64 -> a state of B' rows."""
        cell = None if self.cell is None else self.cell.index_select(1, rows)
        return RecurrentState(self.hidden.index_select(1, rows), cell)
