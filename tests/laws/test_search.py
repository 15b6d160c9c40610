"""What must hold of every search over every engine."""

import random
from itertools import chain
from typing import Any

import numpy as np
import pytest

from tandem.engines import Engine
from tandem.errors import TandemError
from tandem.search import (
    BeamSearch,
    GreedySearch,
    Hypothesis,
    Inputs,
    Running,
    Sampling,
    Search,
    run_search,
    search_steps,
)
from tests.laws.engines import ATTENDING, COPYING_ENGINES, ENGINES, closeness
from tests.search.tables import (
    BANNED,
    EOS,
    TableEngine,
    all_hypotheses,
    log_probabilities,
    plain_beam,
    random_sources,
    random_table,
    search,
)

EVERY_ENGINE = pytest.mark.parametrize("name", ENGINES)
SEARCHES: dict[str, Search] = {
    "greedy": GreedySearch(),
    "beam": BeamSearch(4, 3, 0.6),
    "sampling": Sampling(3, 0.8),
    "nucleus": Sampling(2, 1.5, top_k=4, top_p=0.8, seed=7),
}
EVERY_SEARCH = pytest.mark.parametrize("method", SEARCHES.values(), ids=SEARCHES.keys())


def various_limits(batch: int) -> list[int]:
    """Return 0, 1, 2 ... 12, and again."""
    return [n % 13 for n in range(batch)]


def assert_same(name: str, one: list[list[Hypothesis]], other: list[list[Hypothesis]]) -> None:
    assert [[h.ids for h in hypotheses] for hypotheses in one] == [[h.ids for h in hypotheses] for hypotheses in other]
    for hypothesis, expected in zip(chain(*one), chain(*other), strict=True):
        assert hypothesis.token_scores == pytest.approx(expected.token_scores, abs=closeness(name))
        assert hypothesis.score == pytest.approx(expected.score, abs=closeness(name))


@EVERY_ENGINE
@pytest.mark.parametrize("banned", [(), (4,), BANNED])
def test_a_beam_of_1_is_greedy(name: str, banned: tuple[int, ...]) -> None:
    engine, sources, limits = ENGINES[name]().banning(banned), random_sources(1, 39), various_limits(39)
    assert search(BeamSearch(1), engine, sources, limits) == search(GreedySearch(), engine, sources, limits)


@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("vocabulary", [7, 300])
def test_a_beam_of_1_is_greedy_among_equals(vocabulary: int, levels: int | None) -> None:
    engine, sources, limits = random_table(0, vocabulary, levels), random_sources(1, 39), various_limits(39)
    assert search(BeamSearch(1), engine, sources, limits) == search(GreedySearch(), engine, sources, limits)


@EVERY_ENGINE
@pytest.mark.parametrize("length_penalty", [0, 0.6, 1])
@pytest.mark.parametrize("n_best", [1, 3, 150])
def test_a_beam_as_wide_as_the_tree_finds_what_exhaustive_search_finds(
    name: str, n_best: int, length_penalty: float
) -> None:
    engine, sources = ENGINES[name](), random_sources(n_best, 4)
    limits = [3, 0, 2, 1]
    results = search(BeamSearch(150, n_best, length_penalty), engine, sources, limits)
    for source, limit, hypotheses in zip(sources, limits, results, strict=True):
        everything = all_hypotheses(engine, source, limit, length_penalty)
        words = 4 if name in COPYING_ENGINES and {5, 6} & {*source} else 3  # the fourth is copied
        assert len(everything) == sum(words**length for length in range(limit + 1))
        assert_same(name, [hypotheses], [everything[:n_best]])


@pytest.mark.parametrize("name", ATTENDING)
@pytest.mark.parametrize(("n_best", "coverage"), [(1, 0.3), (50, 2)])
def test_with_coverage_too_it_finds_what_exhaustive_search_finds(name: str, n_best: int, coverage: float) -> None:
    engine, sources = ENGINES[name](), random_sources(n_best, 3)
    limits = [2, 0, 3] if name == "table" else [2, 0, 1]
    results = search(BeamSearch(150, n_best, 0, coverage), engine, sources, limits)
    without = search(BeamSearch(150, n_best), engine, sources, limits)
    for source, limit, hypotheses in zip(sources, limits, results, strict=True):
        assert_same(name, [hypotheses], [all_hypotheses(engine, source, limit, 0, coverage)[:n_best]])
    assert n_best == 1 or results != without


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("length_penalty", [0, 0.6, 1])
@pytest.mark.parametrize(
    ("beam_size", "n_best", "coverage"), [(1, 1, 0), (2, 2, 0), (2, 1, 0.2), (3, 1, 0), (5, 4, 0), (5, 3, 1.5)]
)
def test_the_batched_beam_is_the_plain_beam(
    beam_size: int, n_best: int, coverage: float, length_penalty: float, levels: int | None
) -> None:
    engine, sources, limits = random_table(beam_size, 9, levels), random_sources(beam_size, 13, 9), various_limits(13)
    results = search(BeamSearch(beam_size, n_best, length_penalty, coverage), engine, sources, limits)
    for source, limit, hypotheses in zip(sources, limits, results, strict=True):
        expected = plain_beam(engine, source, limit, beam_size, n_best, length_penalty, coverage)
        if coverage:
            assert_same("table", [hypotheses], [expected])
        else:
            assert hypotheses == expected


def test_coverage_of_an_engine_without_attention_is_an_error() -> None:
    with pytest.raises(TandemError, match=r"coverage penalty needs attention, and this model has none: .*--coverage 0"):
        search(BeamSearch(2, coverage=0.1), ENGINES["gru"](), random_sources(1, 2), [2, 2])


@pytest.mark.parametrize("levels", [None, 2])
def test_a_wide_beam_that_asks_for_few_candidates_first_is_the_plain_beam(
    levels: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, sources = random_table(4, 40, levels), random_sources(4, 3, 40)
    expected = [plain_beam(engine, source, 4, 30, 8, 0.6) for source in sources]
    for first in (1, 3, 16):
        monkeypatch.setattr("tandem.search.beam_search._FIRST_COUNT", first)
        assert search(BeamSearch(30, 8, 0.6), engine, sources, [4] * 3) == expected


@EVERY_ENGINE
@EVERY_SEARCH
def test_neither_the_batch_nor_its_order_changes_a_source(method: Search, name: str) -> None:
    assert_batches_change_nothing(method, name)


@pytest.mark.parametrize("name", ATTENDING)
def test_neither_does_it_with_coverage(name: str) -> None:
    assert_batches_change_nothing(BeamSearch(4, 3, 0.6, coverage=0.4), name)


def assert_batches_change_nothing(method: Search, name: str) -> None:
    engine, sources, limits = ENGINES[name](), random_sources(1, 14), various_limits(14)
    together = numbered(method, engine, sources, limits, range(14))
    order = random.Random(1).sample(range(14), 14)
    shuffled = numbered(method, engine, [sources[n] for n in order], [limits[n] for n in order], order)
    assert_same(name, shuffled, [together[row] for row in order])
    for row in range(14):
        assert_same(name, numbered(method, engine, [sources[row]], [limits[row]], [row]), [together[row]])


@EVERY_ENGINE
@EVERY_SEARCH
def test_sources_that_join_and_leave_change_nothing(method: Search, name: str) -> None:
    assert_joining_changes_nothing(method, name)


@pytest.mark.parametrize("name", ATTENDING)
def test_neither_do_they_with_coverage(name: str) -> None:
    assert_joining_changes_nothing(BeamSearch(4, 3, 0.6, coverage=0.4), name)


def assert_joining_changes_nothing(method: Search, name: str) -> None:
    engine, sources, limits = ENGINES[name](), random_sources(6, 12), [n % 7 + 2 for n in range(12)]
    prefixes = [[4] * (n % 3) for n in range(12)]
    alone = run_search(method, engine, Inputs(sources, limits, prefixes, range(12)))
    chance = random.Random(2)
    running: Running | None = None
    waiting, gone, results = list(range(12)), set[int](), dict[int, list[Hypothesis]]()
    while waiting or (running and len(running.keys)):
        more, waiting = waiting[: (count := chance.choice([0, 1, 1, 3, 6]))], waiting[count:]
        if more:
            own = ([each[n] for n in more] for each in (sources, prefixes))
            inputs = Inputs(next(own), [limits[n] for n in more], next(own), more)
            begun = method.start(engine, inputs, np.array(more))
            running = begun if running is None else running.join(begun)
        if running is None or not len(running.keys):
            continue
        if chance.random() < 0.3:
            leaving = chance.randrange(len(running.keys))
            gone.add(int(running.keys[leaving]))
            running = running.keep(np.delete(np.arange(len(running.keys)), leaving))
            if not len(running.keys):
                continue
        running, step, finished = running.step()
        assert {*step.sources.tolist()} == {*running.keys.tolist()}
        results |= dict(finished)
    assert gone
    assert sorted([*gone, *results]) == [*range(12)]
    assert_same(name, list(results.values()), [alone[key] for key in results])


def numbered(
    method: Search, engine: Engine[Any], sources: list[list[int]], limits: list[int], numbers: Any
) -> list[list[Hypothesis]]:
    return run_search(method, engine, Inputs(sources, limits, numbers=list(numbers)))


@EVERY_SEARCH
def test_hypotheses_are_finished_allowed_and_scored_as_the_table_says(method: Search) -> None:
    engine, sources, limits = random_table(2), random_sources(2, 13), various_limits(13)
    for source, limit, hypotheses in zip(sources, limits, search(method, engine, sources, limits), strict=True):
        assert hypotheses
        for hypothesis in hypotheses:
            assert len(hypothesis.token_scores) == len(hypothesis.ids) + 1
            assert len(hypothesis.ids) <= limit
            assert not {EOS, *BANNED} & set(hypothesis.ids)
            outputs = (*hypothesis.ids, EOS)
            for place, (token, score) in enumerate(zip(outputs, hypothesis.token_scores, strict=True)):
                assert score == log_probabilities(engine, source, outputs[:place])[token]


@EVERY_SEARCH
@EVERY_ENGINE
def test_a_forced_beginning_is_kept_and_scored(name: str, method: Search) -> None:
    engine, sources = ENGINES[name](), random_sources(3, 4)
    prefixes = [[4, 5], [], [6], [5, 5, 5]]
    limits = [6, 2, 1, 3]
    for source, prefix, limit, hypotheses in zip(
        sources, prefixes, limits, search(method, engine, sources, limits, prefixes), strict=True
    ):
        for hypothesis in hypotheses:
            assert hypothesis.ids[: len(prefix)] == tuple(prefix)
            assert len(hypothesis.ids) <= limit
            (expected,) = engine.score(engine.start([source]), np.array([0]), [[*hypothesis.ids, EOS]])
            assert hypothesis.token_scores == pytest.approx(expected, abs=closeness(name))


@EVERY_ENGINE
def test_a_forced_beginning_that_would_be_chosen_anyway_changes_nothing(name: str) -> None:
    engine, sources, limits = ENGINES[name](), random_sources(5, 9), [8] * 9
    for method in (GreedySearch(), BeamSearch(150)):
        free = search(method, engine, sources, limits)
        for length in (1, 3, 8):
            prefixes = [hypotheses[0].ids[:length] for hypotheses in free]
            assert_same(name, search(method, engine, sources, limits, prefixes), free)


@EVERY_SEARCH
def test_steps_can_be_watched_and_stopped(method: Search) -> None:
    engine, sources = random_table(3), random_sources(3, 5)
    engine.table[:, EOS] = -30.0  # nothing ends before its limit
    steps = search_steps(method, engine, Inputs(sources, [4] * 5))
    seen: list[list[int]] = [[]] * (5 * method.width)
    for time in range(3):
        step = next(steps)
        seen = [[*seen[parent], token] for parent, token in zip(step.parents, step.tokens, strict=True)]
        for source, path, score in zip(step.sources, seen, step.scores, strict=True):
            if score > -np.inf:
                (expected,) = engine.score(engine.start([sources[source]]), np.array([0]), [path])
                assert len(path) == time + 1
                assert score == pytest.approx(expected.sum())
    steps.close()
    before = len(engine.rows_of_steps)
    with pytest.raises(StopIteration):
        next(steps)
    assert len(engine.rows_of_steps) == before


@pytest.mark.parametrize("beam_size", [2, 50])
def test_where_less_is_possible_than_the_beam_holds_all_of_it_is_found(beam_size: int) -> None:
    table = np.full((1999, 7), -np.inf)
    table[:, EOS] = -1.0
    table[:, 5] = -2.0  # the only word: there is one output of each length
    results = search(BeamSearch(beam_size, beam_size), TableEngine(table), random_sources(0, 4), [0, 1, 2, 30])
    assert [len(hypotheses) for hypotheses in results] == [min(beam_size, number) for number in (1, 2, 3, 31)]
    for hypotheses in results:
        assert [hypothesis.ids for hypothesis in hypotheses] == [(5,) * n for n in range(len(hypotheses))]
