"""Constraints on how outputs begin and end: forced tokens, and length limits.

Letters: `B` sources, `N` rows of a step (live hypotheses), `C` candidates of each row, `F` tokens of the longest
prefix.
"""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tandem.engines import Candidates, Engine, FloatArray, IntArray
from tandem.engines.engine import S
from tandem.search.steps import Inputs


class Constraints(NamedTuple):
    """The tokens that outputs must begin with, and the limits at which only `<eos>` may follow."""

    limits: IntArray
    """`[B]`"""
    tokens: IntArray
    """`[B, F]`, the forced tokens; -1 after the end of a prefix."""
    scores: FloatArray
    """`[B, F]`, their log-probabilities."""

    @classmethod
    def start(cls, engine: Engine[S], state: S, inputs: Inputs) -> Self:
        """Score the prefixes in a state that `engine.start` returned."""
        prefixes = inputs.prefixes or []
        tokens = np.full((len(inputs.sources), max(map(len, prefixes), default=0)), -1, np.int64)
        scores = np.zeros(tokens.shape)
        rows = np.array([row for row, prefix in enumerate(prefixes) if prefix], np.int64)
        if len(rows):
            for row, own in zip(rows, engine.score(state, rows, [prefixes[row] for row in rows]), strict=True):
                tokens[row, : len(own)], scores[row, : len(own)] = prefixes[row], own
        return cls(np.array(inputs.max_lengths, np.int64), tokens, scores)

    def select(self, sources: IntArray) -> Self:
        """Return the constraints of only these sources."""
        return type(self)(self.limits[sources], self.tokens[sources], self.scores[sources])

    def join(self, other: Self) -> Self:
        """Return the constraints of these sources and of others."""
        width = max(self.tokens.shape[1], other.tokens.shape[1])
        tokens, scores = (
            [np.pad(own, ((0, 0), (0, width - own.shape[1])), constant_values=filler) for own in both]
            for both, filler in (((self.tokens, other.tokens), -1), ((self.scores, other.scores), 0))
        )
        return type(self)(np.concatenate([self.limits, other.limits]), np.concatenate(tokens), np.concatenate(scores))

    def apply(
        self, engine: Engine[S], candidates: Candidates[S], sources: IntArray, times: IntArray
    ) -> tuple[IntArray, FloatArray]:
        """Return the candidates' tokens and scores, `[N, C]`, with only one possible token where a token is forced.

        `sources [N]` are the sources of the rows, and `times [N]` the numbers of tokens that the rows already have.
        """
        tokens, scores = candidates.tokens, candidates.scores
        ending = times >= self.limits[sources]
        if ending.any():
            tokens, scores = _only(ending, tokens, scores, np.full(len(tokens), engine.eos), candidates.eos)
        if width := self.tokens.shape[1]:
            places = times.clip(max=width - 1)
            forced = np.where(times < width, self.tokens[sources, places], -1)
            if (forced >= 0).any():
                tokens, scores = _only(forced >= 0, tokens, scores, forced, self.scores[sources, places])
        return tokens, scores


def _only(
    rows: npt.NDArray[np.bool_], tokens: IntArray, scores: FloatArray, token: IntArray, score: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return tokens and scores, `[N, C]`, with only `token [N]` and its `score [N]` in the rows that are true."""
    tokens, scores = tokens.copy(), np.where(rows[:, None], -np.inf, scores)
    tokens[rows, 0], scores[rows, 0] = token[rows], score[rows]
    return tokens, scores
