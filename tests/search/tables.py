"""Engines written by hand: the probabilities of next tokens depend on the source and on the whole prefix."""

import math
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np

from tandem.engines import Candidates, Engine, FloatArray, Ids, IntArray
from tandem.search import Hypothesis, Inputs, Search, run_search

UNK, PAD, SOS, EOS = range(4)
BANNED = (UNK, PAD, SOS)
_PLACES = 1999  # a prime


class TableState(NamedTuple):
    places: IntArray  # (N,) the row of the table that the source and the prefix lead to
    lengths: IntArray  # (N,) of the sources
    longest: int

    def select(self, rows: IntArray) -> "TableState":
        return TableState(self.places[rows], self.lengths[rows], self.longest)


class TableEngine:
    """Looks log-probabilities up in a table, `[places, V]`; which place follows is a hash of place and token."""

    sos, eos = SOS, EOS
    has_gradients = False

    def __init__(self, table: FloatArray, banned: Ids = BANNED) -> None:
        self.table = table
        self.banned = list(banned)
        self.rows_of_steps: list[int] = []

    @property
    def vocabulary(self) -> int:
        return int(self.table.shape[1])

    @property
    def logits(self) -> int:
        return self.vocabulary

    def banning(self, ids: Ids) -> Self:
        other = copy(self)
        other.banned = list(ids)
        return other

    def start(self, sources: Sequence[Ids]) -> TableState:
        places = []
        for source in sources:
            place = np.zeros(1, np.int64)
            for token in source:
                place = self.follow(place, np.array([token]))
            places.append(place)
        lengths = np.array([len(source) for source in sources])
        return TableState(np.concatenate(places), lengths, int(lengths.max()))

    def join(self, state: TableState, other: TableState) -> TableState:
        places, lengths = (np.concatenate(both) for both in zip(state[:2], other[:2], strict=True))
        return TableState(places, lengths, max(state.longest, other.longest))

    def with_attention(self) -> Self | None:
        return None

    def step(self, tokens: IntArray, state: TableState, count: int) -> Candidates[TableState]:
        self.rows_of_steps.append(len(tokens))
        every = self.step_all(tokens, state)
        order = np.argsort(-every.scores, axis=1, kind="stable")[:, :count]
        return every._replace(tokens=order, scores=np.take_along_axis(every.scores, order, axis=1))

    def step_all(self, tokens: IntArray, state: TableState) -> Candidates[TableState]:
        places = self.follow(state.places, tokens)
        scores = self.table[places]
        eos = scores[:, EOS].copy()
        scores[:, self.banned] = -np.inf
        tokens = np.tile(np.arange(self.vocabulary), (len(places), 1))
        state = state._replace(places=places)
        return Candidates(tokens, scores, eos, state, self.look(state))

    def look(self, state: TableState) -> FloatArray | None:
        return None

    def align(self, state: TableState, rows: IntArray, targets: Sequence[Ids]) -> None:
        return None

    def influence(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[FloatArray]:
        raise NotImplementedError

    def score(self, state: TableState, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray]:
        results = []
        for row, target in zip(rows, targets, strict=True):
            place, scores = state.places[[row]], []
            for before, token in zip((SOS, *target), target, strict=False):
                place = self.follow(place, np.array([before]))
                scores.append(self.table[place[0], token])
            results.append(np.array(scores))
        return results

    def follow(self, places: IntArray, tokens: IntArray) -> IntArray:
        return (places * 31 + tokens * 7 + 1) % len(self.table)


class LookingTable(TableEngine):
    """A table with attention, which comes of the place in it; some of its weights are 0."""

    looks = False

    def with_attention(self) -> Self:
        other = copy(self)
        other.looks = True
        return other

    def look(self, state: TableState) -> FloatArray | None:
        if not self.looks:
            return None
        columns = np.arange(state.longest)
        weights = (state.places[:, None] * (columns + 3) * 7919 % 11).astype(np.float64).clip(min=2) - 2
        weights[:, 0] += 1
        weights = np.where(columns < state.lengths[:, None], weights, 0)
        attention: FloatArray = weights / weights.sum(axis=1, keepdims=True)
        return attention


def normalised(logits: FloatArray) -> FloatArray:
    shifted: FloatArray = logits - logits.max(axis=1, keepdims=True)
    totals: FloatArray = np.exp(shifted).sum(axis=1, keepdims=True)
    return shifted - np.log(totals)


def random_table(seed: int, vocabulary: int = 7, levels: int | None = None, banned: Ids = BANNED) -> TableEngine:
    """Return a table of random probabilities; with `levels` they take few values, so that there are many ties."""
    generator = np.random.default_rng(seed)
    logits = 2 * generator.standard_normal((_PLACES, vocabulary))
    if levels is not None:
        logits = generator.integers(levels, size=logits.shape).astype(np.float64)
    return LookingTable(normalised(logits), banned)


def random_sources(seed: int, batch: int, vocabulary: int = 7) -> list[list[int]]:
    generator = np.random.default_rng(seed)
    return [[SOS, *generator.integers(4, vocabulary, generator.integers(0, 7)).tolist(), EOS] for _ in range(batch)]


def search(
    method: Search,
    engine: Engine[Any],
    sources: Sequence[Ids],
    limits: Sequence[int],
    prefixes: Sequence[Ids] | None = None,
) -> list[list[Hypothesis]]:
    return run_search(method, engine, Inputs(sources, limits, prefixes))


def log_probabilities(engine: Engine[Any], source: Ids, prefix: Sequence[int]) -> list[float]:
    """Return the log-probability of each token after a prefix, for one source."""
    state = engine.start([source])
    for token in (SOS, *prefix):
        step = engine.step_all(np.array([token]), state)
        state = step.state
    scores: list[float] = step.scores[0].tolist()
    return scores


def coverage_penalty(engine: Engine[Any], source: Ids, ids: Sequence[int], strength: float) -> float:
    """Return what is added to the score of a complete output: equation 14 of Wu et al. 2016, with Python lists."""
    attending = engine.with_attention() if strength else None
    if attending is None:
        return 0.0
    state, sums = attending.start([source]), [0.0] * len(source)
    for token in (SOS, *ids):
        step = attending.step_all(np.array([token]), state)
        state, looked = step.state, step.attention
        assert looked is not None
        sums = [total + weight for total, weight in zip(sums, looked[0].tolist(), strict=True)]
    return strength * sum(math.log(min(max(total, 1e-10), 1.0)) for total in sums[1:-1])


def all_hypotheses(
    engine: Engine[Any], source: Ids, limit: int, length_penalty: float, coverage: float = 0.0
) -> list[Hypothesis]:
    """Return every possible output of one source, best first."""

    def grow(prefix: tuple[int, ...], scores: tuple[float, ...]) -> Iterator[Hypothesis]:
        for token, score in enumerate(log_probabilities(engine, source, prefix)):
            if score == -math.inf:
                continue
            if token == EOS:
                ended = (*scores, score)
                penalty = coverage_penalty(engine, source, prefix, coverage)
                yield Hypothesis(prefix, sum(ended) / len(ended) ** length_penalty + penalty, ended)
            elif len(prefix) < limit:
                yield from grow((*prefix, token), (*scores, score))

    return sorted(grow((), ()), key=lambda hypothesis: -hypothesis.score)


def plain_beam(
    engine: Engine[Any],
    source: Ids,
    limit: int,
    beam_size: int,
    n_best: int,
    length_penalty: float,
    coverage: float = 0.0,
) -> list[Hypothesis]:
    """Search one source with Python lists: slow, and easy to see through."""
    live: list[tuple[float, tuple[int, ...], tuple[float, ...]]] = [(0.0, (), ())]
    complete: list[Hypothesis] = []
    for time in range(limit + 1):
        grown = []
        for total, prefix, scores in live:
            for token, score in enumerate(log_probabilities(engine, source, prefix)):
                if score > -math.inf and (token == EOS or time < limit):
                    grown.append((total + score, (*prefix, token), (*scores, score)))
        grown.sort(key=lambda one: -one[0])  # stable: the better parent first, then the lower token id
        for total, ids, scores in grown[:beam_size]:
            if ids[-1] == EOS:
                penalty = coverage_penalty(engine, source, ids[:-1], coverage)
                complete.append(Hypothesis(ids[:-1], total / len(scores) ** length_penalty + penalty, scores))
        live = [one for one in grown if one[1][-1] != EOS][:beam_size]
        complete = sorted(complete, key=lambda hypothesis: -hypothesis.score)[:n_best]
        if len(complete) == n_best and all(one[0] / (time + 2) ** length_penalty <= complete[-1].score for one in live):
            break
    return complete
