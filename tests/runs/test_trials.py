"""Successive halving: the better ones go on, the best one's training is what it would have been alone."""

from pathlib import Path

import pytest

import tandem
from tandem.errors import RecipeError
from tandem.model_paths import checkpoint_of
from tandem.recipe import Recipe
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import run_recipe
from tandem.runs.trials import Variant, make_variants, try_recipes
from tandem.training.events import Event, Validated
from tests.support.runs import number_pairs, tiny_recipe

PAIRS = number_pairs(24)
HELD_BACK = number_pairs(8, seed=2)
GIVEN = GivenPairs(PAIRS, HELD_BACK)


class _Stops(Exception):
    """Stands for whatever ends the process."""


class _StopAfter:
    """A recorder that ends everything after so many validations."""

    def __init__(self, validations: int) -> None:
        self.left = validations

    def record(self, event: Event) -> None:
        if isinstance(event, Validated):
            self.left -= 1
            if self.left < 0:
                raise _Stops

    def close(self) -> None:
        pass


def variants() -> list[Variant]:
    """Recipes that are told apart after one epoch."""
    rates = {"slow": 1e-6, "quick": 3e-2, "slower": 1e-7, "slowest": 1e-8}
    return [
        Variant(name, f"learning rate {rate}", _recipe(f"training.optimizer.learning_rate={rate}"))
        for name, rate in rates.items()
    ]


def _recipe(*settings: str) -> Recipe:
    return tiny_recipe("training.epochs=8", *settings)


def _try(out: Path, recorder: _StopAfter | None = None) -> tuple[Variant, list[str]]:
    recorders = () if recorder is None else (recorder,)
    return try_recipes(variants(), out, device="cpu", given=GIVEN, recorders=lambda: recorders, notify=lambda _: None)


def test_the_best_goes_on_as_if_it_had_been_alone(tmp_path: Path) -> None:
    best, lines = _try(tmp_path / "run")
    assert best.name == "quick"
    assert [line.split(":")[0] for line in lines] == [
        *["tried for 1 epoch"] * 4,
        *["tried for 2 epochs"] * 2,
        lines[-1],
    ]
    assert lines[-1] == "quick (learning rate 0.03) goes on"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # nothing is left of the others
    for run, resume in (("run", True), ("alone", False)):
        run_recipe(best.recipe, tmp_path / run, resume=resume, given=GIVEN, device="cpu")
    weights = [(checkpoint_of(tmp_path / run) / "model.safetensors").read_bytes() for run in ("run", "alone")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("validations", [0, 1, 3, 5])
def test_what_was_stopped_goes_on_to_the_same_end(validations: int, tmp_path: Path) -> None:
    with pytest.raises(_Stops):
        _try(tmp_path / "stopped", _StopAfter(validations))
    assert _try(tmp_path / "stopped") == _try(tmp_path / "whole")


def test_variants_differ_from_the_chosen_recipe_which_comes_first() -> None:
    made = make_variants(tiny_recipe(), 8)
    assert made[0].recipe == tiny_recipe()
    recipes = [candidate.recipe for candidate in made]
    assert all(recipe not in recipes[:place] for place, recipe in enumerate(recipes))
    with pytest.raises(RecipeError, match=r"--try 9: between 2 and 8 variants can be tried"):
        make_variants(tiny_recipe(), 9)


def test_from_python(tmp_path: Path) -> None:
    settings = {"training.epochs": 2, "model.hidden": 16}
    translator = tandem.train(pairs=PAIRS, out=tmp_path / "run", tries=2, settings=settings, device="cpu")
    assert translator.recipe.model.hidden in (16, 24)
    assert "goes on" in (tmp_path / "run" / "choice.txt").read_text(encoding="utf-8")
