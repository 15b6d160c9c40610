import math

import numpy as np
import pytest

from tandem.engines import IntArray
from tandem.errors import TandemError
from tandem.search import BeamSearch, GreedySearch
from tests.search.tables import EOS, TableEngine, normalised, random_sources, random_table, search

ONE = [[2, 3]]


def chain(probabilities: list[list[float]]) -> TableEngine:
    """Return an engine whose probabilities are the same after every prefix of a length; the last row stays."""

    class Chain(TableEngine):
        def follow(self, places: IntArray, tokens: IntArray) -> IntArray:
            return (places + 1).clip(max=len(self.table) - 1)

    first = probabilities[0]
    with np.errstate(divide="ignore"):  # the source and <sos> lead to row 3
        return Chain(np.log(np.array([first, first, first, *probabilities])), banned=())


@pytest.mark.parametrize(
    ("size", "n_best", "text"),
    [(3, 4, "n_best is 4 and the beam size is 3"), (3, 0, "n_best is 0 and"), (0, 0, "the beam size is 0")],
)
def test_more_hypotheses_than_the_beam_holds_are_refused(size: int, n_best: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        BeamSearch(size, n_best)


def test_a_negative_length_penalty_is_refused() -> None:
    with pytest.raises(ValueError, match=r"length_penalty must be 0 to 5, but it is -0\.5"):
        BeamSearch(2, length_penalty=-0.5)


def test_no_sources_give_no_hypotheses() -> None:
    assert search(BeamSearch(2), random_table(0), [], []) == []


def test_the_beam_finds_what_greedy_search_misses() -> None:
    # "4" then the end: 0.4 * 0.9. Greedy search takes "5", 0.6, after which nothing is above 1/2.
    class Garden(TableEngine):
        def follow(self, places: IntArray, tokens: IntArray) -> IntArray:
            return np.where(tokens == 4, 1, np.where(tokens == 5, 2, 0))

    start = [0, 0, 0, 0, 0.4, 0.6]
    after_4 = [0, 0, 0, 0.9, 0.1, 0]
    after_5 = [0, 0, 0, 0.5, 0.25, 0.25]
    with np.errstate(divide="ignore"):
        engine = Garden(np.log([start, after_4, after_5]), banned=())
    ((best, second),) = search(BeamSearch(2, 2), engine, ONE, [2])
    ((greedy_one,),) = search(GreedySearch(), engine, ONE, [2])
    assert best.ids == (4,)
    assert math.exp(best.log_probability) == pytest.approx(0.36)
    assert second == greedy_one
    assert greedy_one.ids == (5,)
    assert math.exp(greedy_one.score) == pytest.approx(0.3)


def test_a_length_penalty_favours_the_longer() -> None:
    engine = chain([[0, 0, 0, 0.5, 0.5], [0, 0, 0, 0.9, 0.1]])
    ((plain,),) = search(BeamSearch(3), engine, ONE, [5])
    ((penalised,),) = search(BeamSearch(3, length_penalty=1.0), engine, ONE, [5])
    assert plain.ids == ()
    assert penalised.ids == (4,)
    assert penalised.score == pytest.approx((math.log(0.5) + math.log(0.9)) / 2)


def test_sources_that_are_finished_leave_the_batch() -> None:
    engine = random_table(3)
    engine.table[:, EOS] = -30.0  # nothing ends before its limit
    search(BeamSearch(2), engine, random_sources(3, 4), [3, 0, 1, 1])
    assert engine.rows_of_steps == [4, 3 * 2, 1 * 2, 1 * 2]


def test_a_search_ends_as_soon_as_nothing_can_improve() -> None:
    engine = chain([[0, 0, 0, 0.99, 0.01]])
    search(BeamSearch(4), engine, ONE, [100])
    assert engine.rows_of_steps == [1]


def test_a_longer_hypothesis_is_not_waited_for() -> None:
    # <eos> now at 0.8 beats a token at 0.2 were that followed by a sure <eos>; only many sure tokens would lift it.
    sure = [0.0, 0.0, 0.0, 0.0, 1.0]
    engine = chain([[0.0, 0.0, 0.0, 0.8, 0.2], sure, sure, sure, sure])
    (best,) = search(BeamSearch(2, length_penalty=1), engine, ONE, [9])
    assert best[0].ids == ()
    assert engine.rows_of_steps == [1]


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_model_that_scores_nothing_is_reported(value: float) -> None:
    for size in (1, 3):
        with pytest.raises(TandemError, match=r"no output for sentence 0 .*minus infinity or NaN"):
            search(BeamSearch(size), TableEngine(np.full((1, 5), value)), ONE, [3])


def test_a_row_without_a_number_has_no_continuation() -> None:
    table = normalised(np.zeros((1999, 7)))
    engine = TableEngine(table)
    sources = [[2, 4, 3], [2, 5, 3]]
    place = engine.follow(engine.start(sources).places, np.array([2, 2]))
    table[place[0]] = math.nan
    with pytest.raises(TandemError, match="no output for sentence 0"):
        search(BeamSearch(2), engine, sources, [2, 2])
    assert len(search(BeamSearch(2), engine, sources[1:], [2])) == 1
