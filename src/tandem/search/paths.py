"""Outputs that are written token by token, independently of each other: what greedy search and sampling share.

Letters: `B` sources, `Q` outputs of each, `N` rows of a step (the unfinished outputs), `C` candidates of each row.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tandem.engines import Candidates, Engine, FloatArray, IntArray
from tandem.search.constraints import Constraints
from tandem.search.hypothesis import Hypothesis
from tandem.search.steps import Finished, Inputs, SearchStep
from tandem.search.trellis import ROOT, Trellis

Streams = npt.NDArray[np.uint64]


class Choosing(Protocol):
    """How the next token of an output is chosen."""

    @property
    def width(self) -> int:
        """The number of outputs of each source, Q."""
        ...

    def rank(self, engine: Engine[Any], tokens: IntArray, state: Any) -> Candidates[Any]:
        """Feed `tokens [N]`, and return the candidates for the next token."""
        ...

    def choose(self, scores: FloatArray, streams: Streams, times: IntArray) -> IntArray:
        """Return the column that is chosen in each row of log-probabilities `[N, C]`.

        `streams [N]` are the keys of the rows' random numbers, and `times [N]` the numbers of their tokens.
        """
        ...


class _Rows(NamedTuple):
    """The unfinished outputs, `[N]` each."""

    sources: IntArray
    """The source of each, counted from 0."""
    places: IntArray
    """The number of each among the outputs of its source."""
    tokens: IntArray
    """The last token of each."""
    totals: FloatArray
    """The log-probability so far."""
    nodes: IntArray
    """The last node of each in the trellis."""
    streams: Streams
    """The keys of the random numbers of each."""

    def select(self, rows: Any) -> "_Rows":
        return _Rows(*(values[rows] for values in self))


class RunningPaths(NamedTuple):
    """A running search: see `Running`."""

    choosing: Choosing
    engine: Engine[Any]
    keys: IntArray
    """`[B]`"""
    times: IntArray
    """`[B]`, the number of tokens in the unfinished outputs of each source."""
    firsts: IntArray
    """`[B]`, the first node of each source."""
    constraints: Constraints
    ends: IntArray
    """`[B, Q]`, the last node of each finished output; the root for the others."""
    rows: _Rows
    state: Any
    trellis: Trellis

    def step(self) -> "tuple[RunningPaths, SearchStep, list[Finished]]":
        """See `Running.step`."""
        rows, eos = self.rows, self.engine.eos
        times = self.times[rows.sources]
        candidates = self.choosing.rank(self.engine, rows.tokens, self.state)
        choices, scores = self.constraints.apply(self.engine, candidates, rows.sources, times)
        columns = self.choosing.choose(scores, rows.streams, times)
        numbers = np.arange(len(columns))
        tokens, scores = choices[numbers, columns], scores[numbers, columns]
        nodes = self.trellis.add(tokens, scores, rows.nodes)
        after = rows._replace(tokens=tokens, totals=rows.totals + scores, nodes=nodes)
        kept = np.flatnonzero(tokens != eos)
        if len(kept) == len(numbers):
            running = self._replace(times=self.times + 1, rows=after, state=candidates.state)
            return running, running._seen(kept), []
        ends = self.ends.copy()
        ended = np.flatnonzero(tokens == eos)
        ends[rows.sources[ended], rows.places[ended]] = nodes[ended]
        state = candidates.state.select(kept) if len(kept) else candidates.state
        running = self._replace(times=self.times + 1, ends=ends, rows=after.select(kept), state=state)
        step = running._seen(kept)
        over = (ends != ROOT).all(axis=1)
        finished = running._found(np.flatnonzero(over)) if over.any() else []
        return (running._without(over) if finished else running), step, finished

    def _seen(self, parents: IntArray) -> SearchStep:
        return SearchStep(self.keys[self.rows.sources], parents, self.rows.tokens, self.rows.totals)

    def _found(self, sources: IntArray) -> list[Finished]:
        """Read the outputs of finished sources."""
        tokens, scores = self.trellis.read(self.ends[sources].ravel())
        outputs = iter(zip(tokens, scores, strict=True))
        finished = []
        for key in self.keys[sources].tolist():
            own = [next(outputs) for _ in range(self.ends.shape[1])]
            hypotheses = [Hypothesis(tuple(ids[:-1]), sum(each), tuple(each)) for ids, each in own]
            # One impossible output discards all; it only occurs if weights or inputs are not finite.
            possible = all(hypothesis.score > -np.inf for hypothesis in hypotheses)
            finished.append(Finished(key, hypotheses if possible else []))
        return finished

    def _without(self, over: npt.NDArray[np.bool_]) -> "RunningPaths":
        """Return the search without sources that have no rows."""
        sources = np.flatnonzero(~over)
        numbers = np.cumsum(~over) - 1
        self.trellis.forget(int(self.firsts[sources].min(initial=self.trellis.next)))
        return self._replace(
            keys=self.keys[sources],
            times=self.times[sources],
            firsts=self.firsts[sources],
            constraints=self.constraints.select(sources),
            ends=self.ends[sources],
            rows=self.rows._replace(sources=numbers[self.rows.sources]),
        )

    def best(self, sources: IntArray) -> list[list[int]]:
        """See `Running.best`; with several outputs it is the first unfinished one."""
        first = np.unique(self.rows.sources, return_index=True)[1]
        return self.trellis.read(self.rows.nodes[first[sources]])[0]

    def keep(self, sources: IntArray) -> "RunningPaths":
        """See `Running.keep`."""
        over = np.ones(len(self.keys), bool)
        over[sources] = False
        rows = np.flatnonzero(~over[self.rows.sources])
        state = self.state.select(rows) if len(rows) else self.state
        return self._replace(rows=self.rows.select(rows), state=state)._without(over)

    def join(self, other: "RunningPaths") -> "RunningPaths":
        """See `Running.join`. `other` has not taken a step yet."""
        keys = np.concatenate([self.keys, other.keys])
        if not len(self.keys):
            return other
        more = other.rows._replace(sources=other.rows.sources + len(self.keys))
        return self._replace(
            keys=keys,
            times=np.concatenate([self.times, other.times]),
            firsts=np.concatenate([self.firsts, np.full(len(other.keys), self.trellis.next)]),
            constraints=self.constraints.join(other.constraints),
            ends=np.concatenate([self.ends, other.ends]),
            rows=_Rows(*(np.concatenate(both) for both in zip(self.rows, more, strict=True))),
            state=self.engine.join(self.state, other.state),
        )


def start_paths(
    choosing: Choosing, engine: Engine[Any], inputs: Inputs, keys: IntArray, streams: Streams
) -> RunningPaths:
    """Start the outputs of all sources; `streams [B Q]` are the keys of their random numbers."""
    number, width = len(inputs.sources), choosing.width
    state = engine.start(inputs.sources)
    constraints = Constraints.start(engine, state, inputs)
    sources, places = np.divmod(np.arange(number * width), width)
    none = np.zeros(number, np.int64)
    rows = _Rows(
        sources, places, np.full_like(sources, engine.sos), np.zeros(len(sources)), np.full_like(sources, ROOT), streams
    )
    return RunningPaths(
        choosing,
        engine,
        keys,
        none,
        none + 1,
        constraints,
        np.full((number, width), ROOT),
        rows,
        state if width == 1 else state.select(sources),
        Trellis(),
    )
