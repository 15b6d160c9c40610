"""Beam search over all sources at once, without a loop over sources or hypotheses.

Letters: `B` sources that are still being searched, `W` places for live hypotheses of each (1 before the first step,
later up to the beam size `K`), `N` rows of a step (the places that have a hypothesis), `C` candidates of each row, `M`
continuations that are considered, up to `2 K`.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tandem.engines import Candidates, Engine, FloatArray, IntArray
from tandem.names import LARGEST_COVERAGE, LARGEST_LENGTH_PENALTY
from tandem.search.beams import Complete, Continuations, Live, best_columns, spread, take
from tandem.search.constraints import Constraints
from tandem.search.coverage import Coverage, with_attention
from tandem.search.hypothesis import Hypothesis
from tandem.search.steps import Finished, Inputs, SearchStep
from tandem.search.trellis import ROOT, Trellis

_FIRST_COUNT = 64
"""The candidates of each row that a wide beam asks for first; it seldom needs `2 K` of each row."""


@dataclass(frozen=True)
class BeamSearch:
    """Search left to right with a beam (Sutskever, Vinyals & Le 2014, section 3.2).

    At each step the `size` most probable continuations of the live hypotheses are kept. One that ends in `<eos>` leaves
    the beam as complete, and the next best takes its place. A source is finished, and leaves the batch, once no live
    hypothesis would rank above the worst of `n_best` complete ones even if it ended with the next token and at no cost.
    Without a length penalty nothing better can follow. With one, a hypothesis might still improve by further tokens of
    high probability, but the search does not wait for that. Among equals the continuation of the better hypothesis is
    first, then the lower token id, and among complete hypotheses the shorter.

    A source's results are its `n_best` complete hypotheses, or all of them if there are fewer.
    """

    size: int
    n_best: int = 1
    length_penalty: float = 0.0
    """Hypotheses rank by log-probability / (number of tokens, `<eos>` counted) ** length_penalty.

    0 is the paper's plain sum, which also decides which continuations stay in the beam.
    """
    coverage: float = 0.0
    """The strength of the coverage penalty, which is added to the score that complete hypotheses rank by; 0 is none.

    The penalty is never above 0, so the score of a live hypothesis without it is an upper bound.
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

    def start(self, engine: Engine[Any], inputs: Inputs, keys: IntArray) -> "RunningBeam":
        """See `Search.start`; there is a row for each live hypothesis."""
        coverage = Coverage.start(inputs.sources) if self.coverage else None
        engine = with_attention(engine) if self.coverage else engine
        state = engine.start(inputs.sources)
        number = len(inputs.sources)
        none = np.zeros(number, np.int64)
        return RunningBeam(
            self,
            engine,
            keys,
            none,
            none + 1,
            Constraints.start(engine, state, inputs),
            Live(np.full((number, 1), engine.sos), np.zeros((number, 1)), np.full((number, 1), ROOT)),
            Complete(np.full((number, self.n_best), -np.inf), np.full((number, self.n_best), ROOT)),
            state,
            coverage,
            Trellis(),
        )

    def factors(self, lengths: IntArray) -> FloatArray:
        """Return the divisors of log-probabilities of so many tokens, `[B, 1]`."""
        if not self.length_penalty:
            return np.ones((len(lengths), 1))
        return np.array([[length**self.length_penalty] for length in lengths.tolist()])


class Expansion(NamedTuple):
    """The continuations that a step considered, and which of them become live or complete."""

    continuations: Continuations
    nodes: IntArray
    """`[B, M]`, the nodes of the continuations in the trellis."""
    ranks: FloatArray
    """`[B, K]`, or fewer columns: the scores of those among the best K that end; minus infinity for the others."""
    places: IntArray
    """`[B, W]`, which continuations stay in the beam."""
    live: Live
    """The hypotheses that stay in the beam."""
    state: Any
    """The engine's state after the last tokens."""
    coverage: Coverage | None


class RunningBeam(NamedTuple):
    """A running beam search: see `Running`."""

    search: BeamSearch
    engine: Engine[Any]
    keys: IntArray
    """`[B]`"""
    times: IntArray
    """`[B]`, the number of tokens that the live hypotheses of each source have."""
    firsts: IntArray
    """`[B]`, the first node of each source."""
    constraints: Constraints
    live: Live
    complete: Complete
    state: Any
    coverage: Coverage | None
    """N rows; None without a coverage penalty."""
    trellis: Trellis

    def step(self) -> "tuple[RunningBeam, SearchStep, list[Finished]]":
        """See `Running.step`."""
        return self.prune(self.expand())

    def expand(self) -> Expansion:
        """Look at the continuations of the live hypotheses: the first half of a step."""
        size, eos = self.search.size, self.engine.eos
        mask = self.live.mask
        best, candidates = self._continue(mask)
        nodes = self.trellis.add(best.tokens, best.token_scores, take(self.live.nodes, best.parents))
        # Only hypotheses that end among the best K count: others would not have stayed in the beam.
        ended = np.where(best.tokens[:, :size] == eos, best.scores[:, :size], -np.inf)
        ranks = ended / self.search.factors(self.times + 1)
        coverage = self.coverage
        if coverage is not None and candidates.attention is not None:
            coverage = coverage.after(candidates.attention)
            penalties = spread(coverage.penalties(self.search.coverage), mask, 0.0)
            ranks = ranks + take(penalties, best.parents[:, :size])
        # The best K that do not end stay in the beam.
        going = np.where(best.tokens == eos, -np.inf, best.scores)
        places = best_columns(going, size)
        live = Live(take(best.tokens, places), take(going, places), take(nodes, places))
        return Expansion(best, nodes, ranks, places, live, candidates.state, coverage)

    def prune(self, expansion: Expansion) -> "tuple[RunningBeam, SearchStep, list[Finished]]":
        """Keep the best continuations, and remove finished sources: the second half of a step."""
        best, nodes, ranks, places, live, state, coverage = expansion
        complete = self.complete.with_more(ranks, nodes[:, : ranks.shape[1]])
        # The live hypothesis that each kept continuation continues. Rows are numbered in the order of the places with a
        # hypothesis, so the number of a place's row is the count of such places before it: the cumulative sum less 1.
        mask = self.live.mask
        parents = take((mask.cumsum() - 1).reshape(mask.shape), take(best.parents, places))  # (B, W), rows
        # One more token at no cost; log-probabilities only fall.
        hoped = live.scores[:, 0] / self.search.factors(self.times + 2)[:, 0]
        kept = np.flatnonzero(hoped > complete.scores[:, -1])
        after = self._replace(times=self.times + 1, complete=complete)
        finished = []
        if len(kept) < len(hoped):
            finished = after._found(np.flatnonzero(~(hoped > complete.scores[:, -1])))
            after, live, parents = after._without_rows(kept), live.select(kept), parents[kept]
        mask = live.mask
        rows = parents[mask]
        after = after._replace(
            live=live,
            state=state.select(rows) if len(rows) else state,
            coverage=None if coverage is None else coverage.select(rows),
        )
        sources = np.repeat(after.keys, mask.sum(axis=1))
        return after, SearchStep(sources, rows, live.tokens[mask], live.scores[mask]), finished

    def _continue(self, mask: npt.NDArray[np.bool_]) -> tuple[Continuations, Candidates[Any]]:
        """Return the best 2 K continuations (at most K of them end, so K can stay live), and the engine's candidates.

        The best 2 K of a source lie among the best 2 K of each of its rows. A wide beam first asks for fewer of each
        row. If the last candidate of a row is among the best, the next one of that row might be, too, and the beam asks
        again for more.
        """
        live = self.live
        batch, width = live.scores.shape
        most = 2 * self.search.size
        count = most if width == 1 else min(most, _FIRST_COUNT)
        sources = np.arange(batch).repeat(mask.sum(axis=1))
        fed = live.tokens[mask]
        while True:
            candidates: Candidates[Any] = self.engine.step(fed, self.state, count)
            tokens, token_scores = self.constraints.apply(self.engine, candidates, sources, self.times[sources])
            each = tokens.shape[1]
            # (N, C) -> (B, W * C): the better hypotheses of a source first, and their better tokens first, so that the
            # stable sort of `best_columns` keeps the rule for equal scores. Column c is token c % C of hypothesis
            # c // C.
            tokens = spread(tokens, mask, 0).reshape(batch, width * each)
            token_scores = spread(token_scores, mask, -np.inf).reshape(batch, width * each)
            scores = token_scores + live.scores.repeat(each, axis=1)
            # Rows without a possible token, and rows with a NaN, have no continuation.
            scores[np.isnan(scores)] = -np.inf
            places = best_columns(scores, most)
            best_scores = take(scores, places)
            if each < count or each >= most or not ((places % each == each - 1) & (best_scores > -np.inf)).any():
                break
            count *= 2
        best = Continuations(places // each, take(tokens, places), take(token_scores, places), best_scores)
        return best, candidates

    def _found(self, sources: IntArray) -> list[Finished]:
        """Read the results of finished sources; only these hypotheses become Python objects."""
        nodes, ranks = self.complete.nodes[sources], self.complete.scores[sources]
        tokens, token_scores = self.trellis.read(nodes.ravel())
        each = iter(zip(ranks.ravel().tolist(), tokens, token_scores, strict=True))
        finished = []
        for key in self.keys[sources].tolist():
            read = [next(each) for _ in range(ranks.shape[1])]
            finished.append(
                Finished(
                    key,
                    [Hypothesis(tuple(ids[:-1]), rank, tuple(scores)) for rank, ids, scores in read if rank > -np.inf],
                )
            )
        return finished

    def _without_rows(self, sources: IntArray) -> "RunningBeam":
        """Return the search of only these sources, but still with the rows and live hypotheses of all."""
        firsts = self.firsts[sources]
        self.trellis.forget(int(firsts.min(initial=self.trellis.next)))
        return self._replace(
            keys=self.keys[sources],
            times=self.times[sources],
            firsts=firsts,
            constraints=self.constraints.select(sources),
            complete=self.complete.select(sources),
        )

    def best(self, sources: IntArray) -> list[list[int]]:
        """See `Running.best`."""
        return self.trellis.read(self.live.nodes[sources, 0])[0]

    def keep(self, sources: IntArray) -> "RunningBeam":
        """See `Running.keep`."""
        mask = self.live.mask
        rows = (mask.cumsum() - 1).reshape(mask.shape)[sources][mask[sources]]
        return self._without_rows(sources)._replace(
            live=self.live.select(sources),
            state=self.state.select(rows) if len(rows) else self.state,
            coverage=None if self.coverage is None else self.coverage.select(rows),
        )

    def join(self, other: "RunningBeam") -> "RunningBeam":
        """See `Running.join`. `other` has not taken a step yet."""
        if not len(self.keys):
            return other
        coverage = None
        if self.coverage is not None and other.coverage is not None:
            coverage = self.coverage.join(other.coverage)
        return self._replace(
            keys=np.concatenate([self.keys, other.keys]),
            times=np.concatenate([self.times, other.times]),
            firsts=np.concatenate([self.firsts, np.full(len(other.keys), self.trellis.next)]),
            constraints=self.constraints.join(other.constraints),
            live=self.live.join(other.live),
            complete=self.complete.join(other.complete),
            state=self.engine.join(self.state, other.state),
            coverage=coverage,
        )
