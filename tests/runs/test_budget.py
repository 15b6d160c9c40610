"""A budget is kept by measured speed: as wide a model as fits, and never more than there is time for."""

import time

import pytest

from tandem.corpora.pairs import Pair
from tandem.errors import RecipeError
from tandem.recipe import Data, MemoryCorpus, Recipe
from tandem.runs import budget
from tandem.runs.budget import Speed, fit_to_time, measure
from tandem.runs.corpus_figures import look_closely
from tandem.runs.recipe_choice import Budget, choose_recipe, make_recipe_of, seconds_in
from tandem.runs.sizing import size_for
from tests.support.runs import number_pairs

PAIRS = [Pair(*pair) for pair in number_pairs(200)]
DATA = Data(train=MemoryCorpus(kind="memory"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("20m", 1200), ("1.5h", 5400), ("1h30m", 5400), (" 5M ", 300)]
)
def test_times_are_understood(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", "-5m", "1..2h", "nan", "0s", "m5"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"give a time such as 20m, 90s or 1h30m"):
        seconds_in(text)


def fitted(seconds: float, monkeypatch: pytest.MonkeyPatch) -> budget.Fitted:
    """What fits into a time where a pair takes a millisecond with 256 units, and more or less in proportion."""

    def speed(recipe: Recipe, *_: object) -> Speed:
        return Speed(pair=1e-3 * recipe.model.hidden / 256, validation=0.1, final=1.0)

    monkeypatch.setattr(budget, "measure", speed)
    corpus = look_closely(PAIRS, 3_600)
    return fit_to_time(
        size_for(3_600, 60_000),
        3_600,
        time.monotonic() + seconds,
        lambda size: make_recipe_of(corpus, size, DATA, exact=True, attention=False),
        PAIRS,
        (corpus.source.tokenizer, corpus.target.tokenizer),
        100,
        "cpu",
    )


def test_time_is_used_and_not_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = size_for(3_600, 60_000)
    sizes = {seconds: fitted(seconds, monkeypatch) for seconds in (30, 60, 120, 240)}
    for seconds, found in sizes.items():
        size = found.size
        takes = budget._FIXED + 1.0 + size.epochs * 0.1 + size.steps * size.batch_size * 1e-3 * size.hidden / 256
        assert takes == pytest.approx(seconds, rel=0.1)
        assert found.seconds == pytest.approx(seconds, rel=0.1)
        all_of_it = usual.epochs * 0.1 + usual.steps * usual.batch_size * 1e-3 * usual.hidden / 256
        assert found.usual_seconds >= budget._FIXED + 1.0 + all_of_it - 1e-6
    widths = [found.size.hidden for found in sizes.values()]
    assert widths == sorted(widths)
    assert widths[0] < usual.hidden < widths[-1]


def test_more_time_than_the_corpus_needs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, found = size_for(3_600, 60_000), fitted(10_000, monkeypatch).size
    assert found.steps * found.batch_size == pytest.approx(2 * usual.steps * usual.batch_size, rel=0.1)


def test_too_little_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecipeError, match=r"--budget: the time is too short to train and score any model"):
        fitted(5, monkeypatch)


def test_real_steps_are_measured_and_the_reason_is_said() -> None:
    corpus = look_closely(PAIRS, len(PAIRS))
    recipe = make_recipe_of(corpus, size_for(200, 1_000), DATA, exact=True, attention=False)
    tokenizers = (corpus.source.tokenizer, corpus.target.tokenizer)
    assert all(figure > 0 for figure in measure(recipe, PAIRS, tokenizers, 10, "cpu", 0.1))
    limit = Budget(time.monotonic() + 60, "cpu", lambda recipe: recipe)
    choice = choose_recipe(PAIRS, DATA, len(PAIRS), limit)
    assert any(reason.startswith("budget: by measured steps, a model of ") for reason in choice.reasons)
