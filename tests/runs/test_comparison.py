"""`tandem.compare`: trainings side by side, their seeds gathered into systems."""

from pathlib import Path
from typing import Any

import pytest

import tandem
from tandem.errors import ArgumentError, RecipeError
from tandem.metrics import TokenizerChoice
from tandem.metrics.bootstrap import Resampling
from tests.support.runs import number_pairs, saved, untrained

PAIRS = [*number_pairs(20), (number_pairs(20)[0][0], "another reference")]
FEW = Resampling(samples=50)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Untrained models: two of one recipe with different seeds, and one with more units."""
    folder = tmp_path_factory.mktemp("models")
    settings = {
        "small-seed1": ["seed=1"],
        "small-seed2": ["seed=2", "training.save_steps=7"],
        "large": ["model.hidden=12"],
    }
    return [saved(untrained("lstm", *more), folder / name) for name, more in settings.items()]


def test_runs_that_differ_in_their_seed_are_one_system(models: list[Path]) -> None:
    first, second, large = models
    found = tandem.compare([first, large, second], PAIRS, resampling=FEW, device="cpu")
    small, other = found.systems
    assert (small.name, [run.path for run in small.runs], [run.seed for run in small.runs]) == (
        "small",
        [first, second],
        [1, 2],
    )
    assert (other.name, len(other.runs)) == ("large", 1)
    assert found.settings == {"model.hidden": (8, 12)}
    assert found.sources == 20


def test_scores_are_those_of_each_run_by_itself(models: list[Path]) -> None:
    found = tandem.compare(models, PAIRS, resampling=FEW, device="cpu")
    for system in found.systems:
        for run in system.runs:
            evaluation = tandem.evaluate(tandem.load(run.path, device="cpu"), PAIRS)
            assert {name: evaluation.score(name) for name in run.scores} == pytest.approx(dict(run.scores))
        spread = system.spreads["word_edit_rate"]
        values = [run.scores["word_edit_rate"] for run in system.runs]
        assert (spread.mean, spread.lowest, spread.highest) == pytest.approx(
            (sum(values) / len(values), min(values), max(values))
        )
        if len(values) == 2:
            assert spread.deviation == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
        else:
            assert spread.deviation is None
    baseline, other = found.systems
    assert not baseline.differences
    more = other.differences["word_edit_rate"]
    expected = other.spreads["word_edit_rate"].mean - baseline.spreads["word_edit_rate"].mean
    assert more.interval.value == pytest.approx(expected)
    assert 0 < more.p_value <= 1
    assert found.signatures["exact"].startswith("exact|case:mixed|refs:any|tandem:")
    assert found.signatures["exact"].endswith("|norm:nfc+space")
    assert found.resampling == "bs:50|seed:0|ci:95|drawn:sentences+runs"
    assert other.search == "beam:2|lp:1"


def test_bleu_tells_words_apart_as_the_references_ask_for_or_as_it_is_told(models: list[Path]) -> None:
    pairs = [(source, f"学校有学生他喜欢她香蕉明天在{n}") for n, (source, _) in enumerate(PAIRS)]
    cases: list[tuple[TokenizerChoice | None, str]] = [(None, "zh"), ("char", "char")]
    for tokenize, expected in cases:
        found = tandem.compare(models[:1], pairs, tokenize=tokenize, resampling=FEW, device="cpu")
        assert f"|tok:{expected}|" in found.signatures["bleu"]
        evaluation = tandem.evaluate(tandem.load(models[0], device="cpu"), pairs, tokenize=tokenize)
        assert found.systems[0].spreads["bleu"].mean == pytest.approx(evaluation.score("bleu"))


def test_what_cannot_be_compared_is_refused(models: list[Path]) -> None:
    with pytest.raises(RecipeError, match="small-seed1: is given twice; each run counts once"):
        tandem.compare([models[0], models[1], models[0]], PAIRS)
    nothing: Any
    for nothing in ([], str(models[0]), models[0]):
        with pytest.raises(ArgumentError, match=r"runs is .*, but must be a list of the directories of runs"):
            tandem.compare(nothing, PAIRS)
