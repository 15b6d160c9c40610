"""The state of a beam search: live hypotheses, their continuations, and complete hypotheses.

The letters are those of `tandem.search.beam_search`.
"""

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from tandem.engines import FloatArray, IntArray
from tandem.search.trellis import ROOT

V = TypeVar("V", bound=np.generic)


class Live(NamedTuple):
    """The live hypotheses, the best first, `[B, W]` each."""

    tokens: IntArray
    """The last token of each."""
    scores: FloatArray
    """The log-probability so far; minus infinity where there is no hypothesis."""
    nodes: IntArray
    """The last node of each in the trellis."""

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """Where there is a hypothesis; each has a row of the engine's state."""
        return self.scores > -np.inf

    def select(self, sources: IntArray) -> "Live":
        """Return the hypotheses of only these sources."""
        return Live(self.tokens[sources], self.scores[sources], self.nodes[sources])

    def join(self, other: "Live") -> "Live":
        """Return the hypotheses of these sources and of others."""
        width = max(self.scores.shape[1], other.scores.shape[1])
        return Live(*(np.concatenate(both) for both in zip(self._widened(width), other._widened(width), strict=True)))

    def _widened(self, width: int) -> "Live":
        more = ((0, 0), (0, width - self.scores.shape[1]))
        tokens, nodes = np.pad(self.tokens, more), np.pad(self.nodes, more, constant_values=ROOT)
        return Live(tokens, np.pad(self.scores, more, constant_values=-np.inf), nodes)


class Continuations(NamedTuple):
    """Hypotheses with one more token, the best first, `[B, M]` each. Impossible ones have a score of minus infinity."""

    parents: IntArray
    """Which live hypothesis is continued, in 0..W-1."""
    tokens: IntArray
    token_scores: FloatArray
    scores: FloatArray


class Complete(NamedTuple):
    """The best complete hypotheses of each source, the best first, `[B, n_best]` each."""

    scores: FloatArray
    nodes: IntArray

    def with_more(self, scores: FloatArray, nodes: IntArray) -> "Complete":
        """Return the best of these and of others, `[B, M]` each. Among equals the earlier ones win."""
        number = self.scores.shape[1]
        scores = np.concatenate([self.scores, scores], axis=1)
        places = best_columns(scores, number)
        return Complete(take(scores, places), take(np.concatenate([self.nodes, nodes], axis=1), places))

    def select(self, sources: IntArray) -> "Complete":
        """Return the hypotheses of only these sources."""
        return Complete(self.scores[sources], self.nodes[sources])

    def join(self, other: "Complete") -> "Complete":
        """Return the hypotheses of these sources and of others."""
        return Complete(*(np.concatenate(both) for both in zip(self, other, strict=True)))


def spread(values: npt.NDArray[V], mask: npt.NDArray[np.bool_], filler: float) -> npt.NDArray[V]:
    """Return the values of rows, `[N, ...]`, where the mask `[B, W]` is true, and `filler` elsewhere."""
    if mask.all():
        return values.reshape(*mask.shape, *values.shape[1:])
    placed = np.full((*mask.shape, *values.shape[1:]), filler, values.dtype)
    placed[mask] = values
    return placed


def best_columns(scores: FloatArray, count: int) -> IntArray:
    """Return the columns of the `count` largest of each row, or of all; among equals the first wins."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def take(values: npt.NDArray[V], columns: IntArray) -> npt.NDArray[V]:
    """Return the values in these columns of each row."""
    return values[np.arange(len(values))[:, None], columns]
