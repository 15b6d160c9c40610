"""The order of a corpus that is too large to be shuffled whole: in pools of rows from all over it, one after the other.

A pass puts chunks of consecutive rows into a random order, and cuts that into pools. So what is read for a pool lies
together on disk, and what a pool takes in memory does not grow with the corpus, except for a number a chunk.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.int64]

MOST_ROWS = 1 << 22
"""The most rows of a corpus that is one pool, which is not read into memory."""
POOL_ROWS = 1 << 20
"""About how many rows each pool of a larger corpus has."""
_CHUNK = 1 << 10  # consecutive rows that are in one pool, or in two that follow each other


@dataclass(frozen=True)
class Pools:
    """How the rows of a pass are cut into pools: each has whole batches, and only the last may have fewer of them."""

    rows: int
    batch_size: int
    whole: bool = False  # whether the corpus is one pool even if it is large

    def __len__(self) -> int:
        """Return the number of pools in a pass."""
        return -(-self.rows // self.size)

    @property
    def batches(self) -> int:
        """The number of batches in each pool but the last."""
        pools = 1 if self.whole or self.rows <= MOST_ROWS else -(-self.rows // POOL_ROWS)
        return -(-self.rows // (pools * self.batch_size))

    @property
    def size(self) -> int:
        """The number of rows in each pool but the last."""
        return self.batches * self.batch_size

    def rows_of(self, pool: int, generator: np.random.Generator) -> Rows:
        """Return the rows of a pool, chunk after chunk. A new `generator` with the same seed is given for each pool."""
        chunks = generator.permutation(-(-self.rows // _CHUNK))
        last = len(chunks) - 1
        sizes = np.where(chunks == last, self.rows - last * _CHUNK, _CHUNK)
        ends = np.cumsum(sizes)
        start, end = pool * self.size, min((pool + 1) * self.size, self.rows)
        first, final = np.searchsorted(ends, (start, end - 1), side="right")
        rows: Rows = (chunks[first : final + 1, None] * _CHUNK + np.arange(_CHUNK)).ravel()
        skipped = start - (ends[first] - sizes[first])
        return rows[rows < self.rows][skipped : skipped + end - start]
