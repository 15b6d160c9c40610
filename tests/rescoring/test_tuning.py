"""Weights are tuned exactly, and the oracle is a choice that nothing beats by itself."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import RecipeError
from tandem.metrics.bootstrap import bleu_of_sums
from tandem.rescoring import Weights, even_weights, given_weights, oracle, read_weights
from tandem.rescoring.tuning import Lists, _best_change, as_lists, tune

COUNTS = (9, 9, 5, 4, 3, 2, 9, 8, 7, 6)
FIGURE = st.integers(-3, 3).map(float)


@st.composite
def corpora(draw: st.DrawFn) -> Lists:
    """A few sentences of a few hypotheses, with figures that often tie and matches drawn below the totals."""
    figures, statistics = [], []
    for _ in range(draw(st.integers(1, 4))):
        count = draw(st.integers(1, 5))
        figures.append(np.array([[draw(FIGURE), draw(FIGURE), draw(FIGURE)] for _ in range(count)]))
        rows = [[*COUNTS[:2], *(draw(st.integers(0, most)) for most in COUNTS[6:]), *COUNTS[6:]] for _ in range(count)]
        statistics.append(np.array(rows))
    return as_lists(figures, statistics)


@settings(max_examples=60)
@given(lists=corpora(), figure=st.integers(0, 2))
def test_the_best_change_of_one_weight_is_as_good_as_any(lists: Lists, figure: int) -> None:
    weights = np.array([0.4, 0.35, 0.25])
    step = _best_change(lists, weights, figure)

    def bleu(size: float) -> float:
        return lists.bleu(weights + size * np.eye(3)[figure])

    assert bleu(step.size) == pytest.approx(step.bleu)
    assert step.bleu >= max(bleu(size) for size in np.linspace(-9.03, 9.01, 200)) - 1e-9


@settings(max_examples=20)
@given(lists=corpora())
def test_tuning_never_loses_is_repeatable_and_ends_where_no_single_weight_gains(lists: Lists) -> None:
    start = np.array([0.5, 0.5, 0.0])
    found = tune(lists, start)
    assert lists.bleu(found) >= lists.bleu(start) - 1e-9
    assert max(_best_change(lists, found, figure).bleu for figure in range(3)) <= lists.bleu(found) + 1e-6
    assert np.array_equal(tune(lists, start), found)


def test_what_tells_good_from_bad_is_found() -> None:
    chance = np.random.default_rng(1)
    good = chance.integers(0, 5, size=(30, 8, 1))
    figures = np.concatenate([chance.normal(size=(30, 8, 1)), -0.01 * good, chance.normal(size=(30, 8, 1))], axis=2)
    totals = np.broadcast_to([9, 8, 7, 6], (30, 8, 4))
    statistics = np.concatenate([np.full((30, 8, 2), 9), totals - np.minimum(good, totals - 1), totals], axis=2)
    lists = as_lists(list(figures), list(statistics))
    assert lists.bleu(tune(lists, np.array([1.0, 0.0, 0.0]))) == pytest.approx(lists.bleu(np.array([0.0, 1.0, 0.0])))


def test_nothing_to_tune_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no sentence"):
        as_lists([], [])


@settings(max_examples=30)
@given(lists=corpora())
def test_no_single_change_betters_the_oracle(lists: Lists) -> None:
    statistics = list(lists.statistics.astype(np.int64))

    def bleu(places: list[int]) -> float:
        return float(bleu_of_sums(sum(own[place] for own, place in zip(statistics, places, strict=True))))

    chosen = oracle(statistics)
    best = bleu(chosen)
    for sentence, place in product(range(len(statistics)), range(lists.statistics.shape[1])):
        assert bleu([place if n == sentence else k for n, k in enumerate(chosen)]) <= best + 1e-9


def test_even_weights_leave_the_length_out() -> None:
    assert even_weights(["score"], 0.5) == Weights({"score": 0.5, "model": 0.5, "length": 0.0}, 0.5)
    assert even_weights([], 1.0).values == {"model": 1.0, "length": 0.0}
    assert str(even_weights(["LM0", "TM0.1", "x"], 0)) == "LM0=0.25,TM0.1=0.25,x=0.25,model=0.25,length=0"


def test_weights_are_given_by_name_or_file(tmp_path: Path) -> None:
    given = given_weights("score=0.3, model=.7", 1.0)
    assert given == Weights({"score": 0.3, "model": 0.7, "length": 0.0}, 1.0)
    (tmp_path / "w.json").write_text(given.to_json(), encoding="utf-8")
    assert read_weights(tmp_path / "w.json") == given


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("score", "'score' is no NAME=NUMBER"),
        ("score=0.5,,model=1", "'' is no NAME=NUMBER"),
        ("score=nan", "'score=nan' is no NAME=NUMBER"),
        ("=1", "'=1' is no NAME=NUMBER"),
        ("a=1,a=2", "a is given twice"),
    ],
)
def test_wrong_weights_are_told(text: str, fault: str) -> None:
    with pytest.raises(RecipeError, match=fault):
        given_weights(text, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weights": {"model": "much"}, "length_penalty": 1}',
        '{"weights": 3, "length_penalty": 1}',
        '{"weights": {"model": NaN}, "length_penalty": 1}',
        '{"weights": {"model": 1}, "length_penalty": -1}',
    ],
)
def test_a_file_that_holds_no_weights_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=r"w\.json: .*tune again"):
        read_weights(path)
    with pytest.raises(RecipeError, match="there is no such file"):
        read_weights(tmp_path / "none.json")
