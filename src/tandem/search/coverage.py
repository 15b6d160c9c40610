"""The coverage penalty: it lowers the score of a hypothesis for source tokens that had too little attention.

Letters: `N` rows of a step (live hypotheses), `S` tokens of the longest source, `<sos>` and `<eos>` counted.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from tandem.engines import Engine, FloatArray, Ids, IntArray
from tandem.engines.engine import S
from tandem.errors import TandemError

_LEAST = 1e-10
"""The least attention that a token counts for, so that a token without any does not rule a hypothesis out."""


class Coverage(NamedTuple):
    """The total attention so far on each token of each row's source."""

    sums: FloatArray
    """`[N, S]`. `<sos>`, `<eos>` and padding do not count: they are 1 from the start."""

    @classmethod
    def start(cls, sources: Sequence[Ids]) -> Self:
        """Return the coverage of one row for each framed source, before any attention."""
        lengths = np.array([len(source) for source in sources])[:, None]
        places = np.arange(lengths.max())
        return cls(np.where((places > 0) & (places < lengths - 1), 0.0, 1.0))

    def after(self, attention: FloatArray) -> Self:
        """Return the coverage after one more step, whose attention is `[N, S]`."""
        return type(self)(_widened(self.sums, attention.shape[1]) + attention)

    def select(self, rows: IntArray) -> Self:
        """Return the coverage of these rows, `[N']`."""
        return type(self)(self.sums[rows])

    def join(self, other: Self) -> Self:
        """Return the coverage of these rows and of others."""
        width = max(self.sums.shape[1], other.sums.shape[1])
        return type(self)(np.concatenate([_widened(self.sums, width), _widened(other.sums, width)]))

    def penalties(self, strength: float) -> FloatArray:
        """Return the penalty of each row, `[N]`, none above 0 (Wu et al. 2016, arXiv 1609.08144, equation 14)."""
        penalties: FloatArray = strength * np.log(self.sums.clip(_LEAST, 1)).sum(axis=1)
        return penalties


def _widened(sums: FloatArray, width: int) -> FloatArray:
    """Return the sums with this width; columns after the end of all sources are added or removed."""
    if width <= sums.shape[1]:
        return sums[:, :width]
    return np.pad(sums, ((0, 0), (0, width - sums.shape[1])), constant_values=1.0)


def with_attention(engine: Engine[S]) -> Engine[S]:
    """Return an engine like this one whose steps return their attention. Raise TandemError if it has no attention."""
    attending = engine.with_attention()
    if attending is None:
        raise TandemError(
            "the coverage penalty needs attention, and this model has none: train one with --set model.attention=gnmt, "
            "or set it to 0 (--coverage 0, or search.coverage in a recipe)"
        )
    return attending
