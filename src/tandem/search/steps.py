"""What all searches share: their inputs, their steps, and how forced and last tokens are met.

Letters: `B` sources, `N` rows of a step (live hypotheses), `C` candidates of each row.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tandem.engines import Candidates, Engine, FloatArray, Ids, IntArray
from tandem.engines.engine import S
from tandem.errors import TandemError
from tandem.search.hypothesis import Hypothesis


@dataclass(frozen=True)
class Inputs:
    """The sources of one search, and what their outputs must keep to."""

    sources: Sequence[Ids]
    """Each framed by `<sos>` and `<eos>`."""
    max_lengths: Sequence[int]
    """The largest number of tokens of each output, `<eos>` not counted. At the limit only `<eos>` may follow."""
    prefixes: Sequence[Ids] | None = None
    """The tokens that each output must begin with; None for no such tokens. They may not reach the limit."""
    numbers: Sequence[int] | None = None
    """The number of each source in its stream, from which sampling draws; None counts from 0."""

    def __post_init__(self) -> None:
        """Raise ValueError when the numbers of sources, limits and prefixes differ, or a limit is out of range."""
        prefixes = self.prefixes or [()] * len(self.sources)
        for what, values in (("max_lengths", self.max_lengths), ("prefixes", prefixes)):
            if len(values) != len(self.sources):
                raise ValueError(
                    f"{what} must hold one value for each of {len(self.sources)} sources, not {len(values)}"
                )
        for limit, prefix in zip(self.max_lengths, prefixes, strict=True):
            if limit < len(prefix):
                raise ValueError(
                    f"max_lengths must not be negative, nor less than the {len(prefix)} tokens that an output must "
                    f"begin with, but one is {limit}"
                )


class SearchStep(NamedTuple):
    """The live hypotheses after a step, each with the token that the step added."""

    sources: IntArray
    """`[N]`, which source each belongs to."""
    parents: IntArray
    """`[N]`, which hypothesis of the step before it continues."""
    tokens: IntArray
    """`[N]`"""
    scores: FloatArray
    """`[N]`, the log-probability of each whole hypothesis, in nats."""


Steps: TypeAlias = Generator[SearchStep, None, list[list[Hypothesis]]]
"""A search under way: it yields each step and returns the finished hypotheses of each source, the best first.

Closing the generator ends the search.
"""


class Search(Protocol):
    """A way to search."""

    @property
    def width(self) -> int:
        """The largest number of live hypotheses of a source."""
        ...

    def steps(self, engine: Engine[S], inputs: Inputs) -> Steps:
        """Search all sources at once; those that are finished leave the batch.

        Raise TandemError when a source has no output of a probability above zero.
        """
        ...


def run_search(steps: Steps) -> list[list[Hypothesis]]:
    """Take all steps of a search, and return its hypotheses."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            results: list[list[Hypothesis]] = end.value
            return results


class Constraints:
    """The tokens that outputs must begin with, and the limits at which only `<eos>` may follow."""

    def __init__(self, engine: Engine[S], state: S, inputs: Inputs) -> None:
        """Score the prefixes in a state that `engine.start` returned."""
        self._eos = engine.eos
        self._limits = np.array(inputs.max_lengths, np.int64)
        self._shortest, self.longest = int(self._limits.min()), int(self._limits.max())
        prefixes = inputs.prefixes or []
        self.forced = max(map(len, prefixes), default=0)
        """The length of the longest prefix."""
        self._tokens = np.full((len(self._limits), self.forced), -1, np.int64)
        self._scores = np.zeros(self._tokens.shape)
        rows = np.array([row for row, prefix in enumerate(prefixes) if prefix], np.int64)
        if len(rows):
            for row, scores in zip(rows, engine.score(state, rows, [prefixes[row] for row in rows]), strict=True):
                self._tokens[row, : len(scores)], self._scores[row, : len(scores)] = prefixes[row], scores

    def apply(self, candidates: Candidates[S], sources: IntArray, time: int) -> tuple[IntArray, FloatArray]:
        """Return the candidates' tokens and scores, `[N, C]`, with one choice left where a token is forced.

        `sources [N]` are those that the rows belong to.
        """
        tokens, scores = candidates.tokens, candidates.scores
        if time >= self._shortest:
            ending = self._limits[sources] <= time
            tokens, scores = _only(ending, tokens, scores, np.full(len(tokens), self._eos), candidates.eos)
        if time < self.forced:
            forced = self._tokens[sources, time]
            tokens, scores = _only(forced >= 0, tokens, scores, forced, self._scores[sources, time])
        return tokens, scores


def _only(
    rows: npt.NDArray[np.bool_], tokens: IntArray, scores: FloatArray, token: IntArray, score: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return tokens and scores, `[N, C]`, with `token [N]` and its `score [N]` alone in the rows that are true."""
    if not rows.any():
        return tokens, scores
    tokens, scores = tokens.copy(), np.where(rows[:, None], -np.inf, scores)
    tokens[rows, 0], scores[rows, 0] = token[rows], score[rows]
    return tokens, scores


def nothing_possible(source: int) -> TandemError:
    """Return the error for a source that has no output of a probability above zero."""
    return TandemError(
        f"Search found no output for sentence {source} (counted from 0): at some step every token that may"
        " follow has a log-probability of minus infinity or NaN. This happens when a model's weights or"
        " inputs are not finite; look at the training's loss, or load an earlier checkpoint."
    )
