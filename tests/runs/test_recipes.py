"""Every recipe of the project trains for a few steps, its sizes capped and a made corpus in its place."""

from pathlib import Path

import pytest

from tandem.recipe import dump_recipe, load_recipe, make_recipe, parse_recipe
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import run_recipe
from tandem.training.events import StepDone
from tests.support.runs import Remember, number_pairs

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


def test_there_are_recipes() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_it_says_what_it_says(path: Path) -> None:
    recipe = load_recipe(path)
    assert parse_recipe(dump_recipe(recipe), path.name) == recipe


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_it_trains_translates_and_is_scored(path: Path, tmp_path: Path) -> None:
    tree = load_recipe(path).model_dump(exclude_none=True)
    tree["data"] = {"train": {"kind": "memory"}, "validation": {"kind": "memory"}}
    tree["model"] |= {name: min(tree["model"][name], 16) for name in ("hidden", "embedding")}
    tree["training"] |= {"epochs": 1, "passes": 1, "batch_size": min(tree["training"]["batch_size"], 16)}
    recipe = make_recipe(tree, path.name)
    heard = Remember()
    given = GivenPairs(number_pairs(40), number_pairs(6, seed=2))
    result = run_recipe(recipe, tmp_path / "run", given=given, recorders=[heard])
    steps = sum(isinstance(event, StepDone) for event in heard.events)
    assert steps == -(-40 // (recipe.training.batch_size * recipe.training.accumulate))
    assert len(result.translator.translate(["eins zwei", "drei"])) == 2
    assert result.evaluation.pairs == 6
    assert result.report.is_file()
