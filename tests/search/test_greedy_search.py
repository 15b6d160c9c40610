import math

import numpy as np
import pytest

from tandem.errors import TandemError
from tandem.search import GreedySearch, Inputs
from tests.search.tables import EOS, TableEngine, log_probabilities, random_sources, random_table, search


@pytest.mark.parametrize("levels", [None, 2])
def test_each_token_is_the_first_of_the_most_probable(levels: int | None) -> None:
    engine, sources = random_table(1, levels=levels), random_sources(1, 20)
    limits = [n % 7 for n in range(20)]
    for source, limit, (hypothesis,) in zip(
        sources, limits, search(GreedySearch(), engine, sources, limits), strict=True
    ):
        outputs = (*hypothesis.ids, EOS)
        for place, token in enumerate(outputs):
            scores = log_probabilities(engine, source, outputs[:place])
            allowed = range(EOS, EOS + 1) if place == limit else range(EOS, 7)
            assert token == max(allowed, key=lambda token: (scores[token], -token))
            assert hypothesis.token_scores[place] == scores[token]


def test_sources_that_are_finished_leave_the_batch() -> None:
    engine = random_table(3)
    engine.table[:, EOS] = -30.0  # nothing ends before its limit
    search(GreedySearch(), engine, random_sources(3, 4), [3, 0, 1, 1])
    assert engine.rows_of_steps == [4, 3, 1, 1]


def test_a_search_ends_with_its_last_source() -> None:
    engine = random_table(3)
    engine.table[:, EOS] = 30.0
    search(GreedySearch(), engine, random_sources(3, 4), [100] * 4)
    assert engine.rows_of_steps == [4]


def test_no_sources_give_no_hypotheses() -> None:
    assert search(GreedySearch(), random_table(0), [], []) == []


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_model_that_scores_nothing_is_reported(value: float) -> None:
    with pytest.raises(TandemError, match=r"no output for sentence 0 .*minus infinity or NaN"):
        search(GreedySearch(), TableEngine(np.full((1, 5), value)), [[2, 3]], [3])


@pytest.mark.parametrize(
    ("limits", "prefixes", "text"),
    [
        ([1, 2], None, "max_lengths must hold one value for each of 1 sources, not 2"),
        ([1], [[4], [4]], "prefixes must hold one value for each of 1 sources, not 2"),
        ([-1], None, "max_lengths must not be negative, nor less than the 0 tokens .* but one is -1"),
        ([1], [[4, 4]], "nor less than the 2 tokens that an output must begin with, but one is 1"),
    ],
)
def test_inputs_out_of_range_are_refused(limits: list[int], prefixes: list[list[int]] | None, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Inputs([[2, 3]], limits, prefixes)
