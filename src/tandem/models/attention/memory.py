"""What attention reads of a batch of sources, and which source each row of a decoder belongs to.

Letters: `B` sources, `S` source length, `M` size of a position, `A` size of a key, `N` rows of a step, `Q` rows of the
source that has most of them.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Memory(NamedTuple):
    """The encoder's outputs at all positions of each source, laid out for attention."""

    keys: Tensor
    """`[B, S, A]`, what queries are compared with."""
    values: Tensor
    """`[B, S, M]`"""
    bias: Tensor
    """`[B, 1, S]`, minus infinity behind the end of a source and 0 elsewhere."""

    def select(self, sources: Tensor) -> "Memory":
        """Return the memory of these sources alone, int64 `[B']`."""
        return Memory(*(part.index_select(0, sources) for part in self))


class Owners(NamedTuple):
    """Which source each row belongs to. The memory itself stays where it is when rows are reordered or dropped."""

    sources: Tensor
    """int64 `[N]`"""
    memory: Memory

    def select(self, rows: Tensor) -> "Owners":
        """Repeat, reorder or drop rows, int64 `[N']`. Once half of the sources have no row, they are left out."""
        sources = self.sources.index_select(0, rows)
        live, places = torch.unique(sources, return_inverse=True)
        if 2 * len(live) <= len(self.memory.values):
            return Owners(places, self.memory.select(live))
        return Owners(sources, self.memory)

    def spread(self, queries: Tensor) -> "Spread":
        """Put the rows of each source side by side: `[N, H]` -> `[B, Q, H]`, with zeros where a source has fewer."""
        batch = len(self.memory.values)
        counts = torch.bincount(self.sources, minlength=batch)
        width = int(counts.max())
        order = self.sources.argsort(stable=True)
        firsts = counts.cumsum(0) - counts
        ranks = torch.empty_like(order)
        ranks[order] = torch.arange(len(order), device=order.device) - firsts[self.sources[order]]
        places = self.sources * width + ranks
        flat = queries.new_zeros(batch * width, queries.shape[1]).index_copy_(0, places, queries)
        return Spread(flat.view(batch, width, -1), places)


class Spread(NamedTuple):
    """Rows that were put side by side."""

    queries: Tensor
    """`[B, Q, H]`"""
    places: Tensor
    """`[N]`, where each row is among `B Q`."""

    def gather(self, results: Tensor) -> Tensor:
        """Return the results of the rows in their order: `[B, Q, X]` -> `[N, X]`."""
        return results.flatten(0, 1).index_select(0, self.places)
