"""Beam search over all sources at once, without a loop over sources or hypotheses.

Letters: `B` sources that are still searched, `W` live hypotheses of each (1 before the first step, later up to the beam
size `K`), `N = B * W` rows of a step, `C` candidates of each row, `M` the best continuations that are looked at, up to
`2 K`.
"""

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from tandem.engines import Candidates, Engine, FloatArray, IntArray
from tandem.engines.engine import S
from tandem.names import LARGEST_COVERAGE, LARGEST_LENGTH_PENALTY
from tandem.search.coverage import Coverage, attending
from tandem.search.hypothesis import Hypothesis
from tandem.search.steps import Constraints, Inputs, SearchStep, Steps, nothing_possible
from tandem.search.trellis import ROOT, Trellis

V = TypeVar("V", bound=np.generic)

_FIRST_COUNT = 64
"""Candidates that are asked for of each row at first, in wide beams, where `2 K` of each row are seldom needed."""


class _Live(NamedTuple):
    """The hypotheses that go on, the best first."""

    sources: IntArray
    """`[B]`, which source."""
    tokens: IntArray
    """`[B, W]`, the last token of each."""
    scores: FloatArray
    """`[B, W]`, the log-probability so far; minus infinity where there is no hypothesis."""
    nodes: IntArray
    """`[B, W]`, their place in the trellis."""

    def of(self, sources: IntArray) -> "_Live":
        """Return the hypotheses of these sources alone."""
        return _Live(self.sources[sources], self.tokens[sources], self.scores[sources], self.nodes[sources])


class _Continuations(NamedTuple):
    """One more token each, the best first, `[B, M]`. Impossible ones have a score of minus infinity."""

    parents: IntArray
    """Which live hypothesis is continued, in 0..W-1."""
    tokens: IntArray
    token_scores: FloatArray
    scores: FloatArray


class _Complete:
    """The best complete hypotheses of all sources, the best first, `[sources, n_best]` each."""

    def __init__(self, sources: int, n_best: int) -> None:
        self.scores: FloatArray = np.full((sources, n_best), -np.inf)
        self.nodes: IntArray = np.full((sources, n_best), ROOT)

    def add(self, sources: IntArray, scores: FloatArray, nodes: IntArray) -> None:
        """Add `scores` and `nodes`, `[B, M]`, to those of `sources [B]`. Earlier ones win among equals."""
        scores = np.concatenate([self.scores[sources], scores], axis=1)
        nodes = np.concatenate([self.nodes[sources], nodes], axis=1)
        places = _best(scores, self.scores.shape[1])
        self.scores[sources], self.nodes[sources] = _take(scores, places), _take(nodes, places)


@dataclass(frozen=True)
class BeamSearch:
    """Search left to right with a beam (Sutskever, Vinyals & Le 2014, section 3.2).

    At each step the `size` most probable continuations of the live hypotheses are kept. One that ends in `<eos>` leaves
    the beam as complete, and the next best takes its place. A source is finished, and leaves the batch, once no live
    hypothesis would rank above the worst of `n_best` complete ones even if it ended with the next token and at no cost.
    Without a length penalty nothing better can follow; with one a hypothesis might yet make up for it by further tokens
    of high probability, which is not waited for. Among equals the continuation of the better hypothesis comes first,
    then the lower token id, and of complete hypotheses the shorter.

    A source's results are its `n_best` finished hypotheses, or all that there are where they are fewer.
    """

    size: int
    n_best: int = 1
    length_penalty: float = 0.0
    """Hypotheses rank by log-probability / (number of tokens, `<eos>` counted) ** length_penalty.

    0 is the paper's plain sum, which also decides which continuations stay in the beam.
    """
    coverage: float = 0.0
    """The strength of the coverage penalty, which is added to what complete hypotheses rank by; 0 is none.

    It is never above 0, so what a live hypothesis can hope for is an upper bound with it, too.
    """

    def __post_init__(self) -> None:
        """Raise ValueError for a value out of its range."""
        if not 1 <= self.n_best <= self.size:
            raise ValueError(
                f"n_best must be at least 1 and at most the beam size, but n_best is {self.n_best} and the beam size is"
                f" {self.size}; ask for fewer hypotheses or a wider beam"
            )
        if not 0 <= self.length_penalty <= LARGEST_LENGTH_PENALTY:
            raise ValueError(f"length_penalty must be 0 to {LARGEST_LENGTH_PENALTY:g}, but it is {self.length_penalty}")
        if not 0 <= self.coverage <= LARGEST_COVERAGE:
            raise ValueError(f"coverage must be 0 to {LARGEST_COVERAGE:g}, but it is {self.coverage}")

    @property
    def width(self) -> int:
        """The largest number of live hypotheses of a source."""
        return self.size

    def steps(self, engine: Engine[S], inputs: Inputs) -> Steps:
        """Search all sources at once; yield the live hypotheses of those that go on."""
        if not inputs.sources:
            return []
        coverage = Coverage.start(inputs.sources) if self.coverage else None
        engine = attending(engine) if self.coverage else engine
        state = engine.start(inputs.sources)
        constraints = Constraints(engine, state, inputs)
        number, trellis = len(inputs.sources), Trellis()
        complete = _Complete(number, self.n_best)
        live = _Live(
            np.arange(number), np.full((number, 1), engine.sos), np.zeros((number, 1)), np.full((number, 1), ROOT)
        )
        for time in range(constraints.longest + 1):
            best, candidates = self._continue(engine, state, live, constraints, time)
            nodes = trellis.add(best.tokens, best.token_scores, _take(live.nodes, best.parents))
            # Only what ends among the best K counts: the rest would not have stayed in the beam.
            ended = np.where(best.tokens[:, : self.size] == engine.eos, best.scores[:, : self.size], -np.inf)
            ranks = ended / (time + 1) ** self.length_penalty
            if coverage is not None and candidates.attention is not None:
                coverage = coverage.after(candidates.attention)
                penalties = coverage.penalties(self.coverage).reshape(live.scores.shape)
                ranks = ranks + _take(penalties, best.parents[:, : self.size])
            complete.add(live.sources, ranks, nodes[:, : self.size])
            live, parents = self._refill(best, nodes, live, engine.eos)
            # One more token at no cost; log-probabilities only fall.
            hoped = live.scores[:, 0] / (time + 2) ** self.length_penalty
            kept = np.flatnonzero(hoped > complete.scores[live.sources, -1])
            if len(kept) < len(parents):
                live, parents = live.of(kept), parents[kept]
            rows = parents.ravel()
            yield SearchStep(live.sources.repeat(live.tokens.shape[1]), rows, live.tokens.ravel(), live.scores.ravel())
            if not len(rows) or time == constraints.longest:
                break
            state = candidates.state.select(rows)
            coverage = None if coverage is None else coverage.select(rows)
        return _collect(complete, trellis)

    def _continue(
        self, engine: Engine[S], state: S, live: _Live, constraints: Constraints, time: int
    ) -> tuple[_Continuations, Candidates[S]]:
        """Return the best 2 K continuations (at most K of them end, so that K can go on), and the step they are of.

        The best 2 K of a source lie among the best 2 K of each of its rows. A wide beam asks for fewer of each row, and
        again for more where the last of some row is among the best: then the next of that row might be, too.
        """
        batch, width = live.scores.shape
        most = 2 * self.size
        count = most if width == 1 else min(most, _FIRST_COUNT)
        sources = live.sources.repeat(width)
        while True:
            candidates: Candidates[S] = engine.step(live.tokens.ravel(), state, count)
            tokens, token_scores = constraints.apply(candidates, sources, time)
            each = tokens.shape[1]
            # (N, C) -> (B, W * C), from the better hypothesis to the worse and from the better token to the worse
            tokens, token_scores = tokens.reshape(batch, width * each), token_scores.reshape(batch, width * each)
            scores = token_scores + live.scores.repeat(each, axis=1)
            # Rows of which nothing is possible, and rows with a NaN, have no continuation.
            scores[np.isnan(scores)] = -np.inf
            places = _best(scores, 2 * self.size)
            best_scores = _take(scores, places)
            if each < count or each >= most or not ((places % each == each - 1) & (best_scores > -np.inf)).any():
                break
            count *= 2
        best = _Continuations(places // each, _take(tokens, places), _take(token_scores, places), best_scores)
        return best, candidates

    def _refill(self, best: _Continuations, nodes: IntArray, live: _Live, eos: int) -> tuple[_Live, IntArray]:
        """Return the best K that go on, and which row of the step's state each of them continues, `[B, W]`."""
        going = np.where(best.tokens == eos, -np.inf, best.scores)
        places = _best(going, self.size)
        batch, width = live.scores.shape
        refilled = _Live(live.sources, _take(best.tokens, places), _take(going, places), _take(nodes, places))
        return refilled, np.arange(0, batch * width, width)[:, None] + _take(best.parents, places)


def _best(scores: FloatArray, count: int) -> IntArray:
    """Return the columns of the `count` largest of each row, or of all; among equals the first wins."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def _take(values: npt.NDArray[V], columns: IntArray) -> npt.NDArray[V]:
    """Return the values in these columns of each row."""
    return values[np.arange(len(values))[:, None], columns]


def _collect(complete: _Complete, trellis: Trellis) -> list[list[Hypothesis]]:
    """Read the hypotheses out of the trellis; those returned are the only ones that become Python objects."""
    tokens, token_scores = trellis.read(complete.nodes.ravel())
    read = zip(complete.scores.ravel().tolist(), tokens, token_scores, strict=True)
    results = []
    for source in range(len(complete.scores)):
        hypotheses = [
            Hypothesis(tuple(ids[:-1]), score, tuple(each))
            for score, ids, each in islice(read, complete.scores.shape[1])
            if score > -np.inf
        ]
        if not hypotheses:
            raise nothing_possible(source)
        results.append(hypotheses)
    return results
