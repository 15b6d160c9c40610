"""The memory that attention reads for a batch of sources, and the source that each row of a decoder belongs to.

Letters: `B` sources, `S` source length, `M` size of a position, `A` size of a key, `N` rows of a step, `Q` the most
rows that a source has.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from tandem.models.copying import Copies


class Memory(NamedTuple):
    """The encoder's outputs at all positions of each source, laid out for attention."""

    keys: Tensor
    """`[B, S, A]`, compared with the queries."""
    values: Tensor
    """`[B, S, M]`"""
    bias: Tensor
    """`[B, 1, S]`, minus infinity after the end of a source, and 0 elsewhere."""
    copies: Copies | None = None
    """The extended ids of the positions, for a decoder that copies."""

    def select(self, sources: Tensor) -> "Memory":
        """Return the memory of these sources alone, int64 `[B']`."""
        keys, values, bias = (part.index_select(0, sources) for part in (self.keys, self.values, self.bias))
        return Memory(keys, values, bias, None if self.copies is None else self.copies.select(sources))

    def join(self, other: "Memory", vocabulary: int) -> "Memory":
        """Return the memory of these sources and of others, as long as the longest of all."""
        length = max(self._longest(), other._longest())
        copies = None
        if self.copies is not None and other.copies is not None:
            copies = self.copies.join(other.copies, length, vocabulary)
        keys, values, bias = (
            torch.cat([_resized(part, dim, length, filler) for part in both])
            for both, dim, filler in (
                ((self.keys, other.keys), 1, 0.0),
                ((self.values, other.values), 1, 0.0),
                ((self.bias, other.bias), 2, -torch.inf),
            )
        )
        return Memory(keys, values, bias, copies)

    def _longest(self) -> int:
        """Return the length of the longest source."""
        return int((self.bias == 0).sum(dim=2).max())


def _resized(values: Tensor, dim: int, length: int, filler: float) -> Tensor:
    """Return values with `length` positions of a source, with `filler` at new ones."""
    if values.shape[dim] >= length:
        return values.narrow(dim, 0, length)
    shape = list(values.shape)
    shape[dim] = length - values.shape[dim]
    return torch.cat([values, values.new_full(shape, filler)], dim)


class Owners(NamedTuple):
    """Which source each row belongs to. The memory itself stays where it is when rows are reordered or dropped."""

    memory: Memory
    sources: Tensor
    """int64 `[N]`"""
    places: Tensor
    """int64 `[N]`, the position of each row among `B Q` slots, Q for each source."""
    width: int
    """`Q`"""

    @classmethod
    def of(cls, sources: Tensor, memory: Memory) -> "Owners":
        """Return the owners of rows that belong to these sources of a memory, int64 `[N]`."""
        batch, rows = len(memory.values), torch.arange(len(sources), device=sources.device)
        if batch == 1:
            return cls(memory, sources, rows, len(sources))
        counts = torch.bincount(sources, minlength=batch)
        order = sources.argsort(stable=True)
        before = (counts.cumsum(0) - counts)[sources[order]]  # [N], the rows of earlier sources
        ranks = torch.empty_like(rows).index_copy_(0, order, rows - before)  # [N], the number of a row in its source
        width = int(counts.max())
        return cls(memory, sources, sources * width + ranks, width)

    def select(self, rows: Tensor) -> "Owners":
        """Repeat, reorder or drop rows, int64 `[N']`. Sources without a row are removed once they are at least half."""
        sources = self.sources.index_select(0, rows)
        live, renumbered = torch.unique(sources, return_inverse=True)
        if 2 * len(live) <= len(self.memory.values):
            return Owners.of(renumbered, self.memory.select(live))
        return Owners.of(sources, self.memory)

    def join(self, other: "Owners", vocabulary: int) -> "Owners":
        """Return the owners of these rows and of others. Sources without a row are removed."""
        own, others = self._alone(), other._alone()
        sources = torch.cat([own.sources, others.sources + len(own.memory.values)])
        return Owners.of(sources, own.memory.join(others.memory, vocabulary))

    def _alone(self) -> "Owners":
        live, renumbered = torch.unique(self.sources, return_inverse=True)
        if len(live) == len(self.memory.values):
            return self
        return Owners.of(renumbered, self.memory.select(live))

    def spread(self, queries: Tensor) -> Tensor:
        """Put the rows of each source side by side: `[N, H]` -> `[B, Q, H]`, padded with zeros."""
        batch, size = len(self.memory.values), queries.shape[1]
        flat = queries.new_zeros(batch * self.width, size).index_copy_(0, self.places, queries)
        return flat.view(batch, self.width, size)

    def gather(self, results: Tensor) -> Tensor:
        """Return the result for each row, in the order of the rows: `[B, Q, X]` -> `[N, X]`."""
        return results.flatten(0, 1).index_select(0, self.places)
