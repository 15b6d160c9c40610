"""Which models are trained for the claims."""

import pytest

from tandem_reproduction import Plan, reduced_recipe

PLAN = Plan(reduced_recipe(None, []), seeds=3, members=5)


def test_the_plan_names_each_training_once_and_varies_what_its_name_says() -> None:
    runs = dict(PLAN.runs())
    assert len(runs) == len(list(PLAN.runs())) == 5 + 3 + 3 * 3
    for name, recipe in runs.items():
        kind, _, seed = name.rpartition("-")
        assert recipe.seed == int(seed)
        assert recipe.text.reverse_source == (kind != "forward")
        assert recipe.model.layers == (int(kind.removeprefix("layers-")) if "layers" in kind else 2)
        same = {"seed": 1, "text": PLAN.recipe.text, "model": PLAN.recipe.model}
        assert recipe.model_copy(update=same) == PLAN.recipe


def test_claims_ask_for_models_that_are_trained() -> None:
    trained = {name for name, _ in PLAN.runs()}
    asked = [*PLAN.reversed, *PLAN.forward, *PLAN.ensemble]
    asked += [name for pair in PLAN.pairs for name in pair]
    asked += [name for layers in (1, 2, 3, 4) for name in PLAN.of_depth(layers)]
    assert set(asked) == trained


@pytest.mark.parametrize(("seeds", "members"), [(1, 3), (3, 5), (6, 4)])
def test_ensembles_of_two_are_as_many_as_seeds_and_have_two_members(seeds: int, members: int) -> None:
    plan = Plan(PLAN.recipe, seeds, members)
    assert len(plan.pairs) == seeds
    assert all(len(set(pair)) == 2 and set(pair) <= set(plan.ensemble) for pair in plan.pairs)
    assert len(plan.ensemble) == members
    assert {name for name, _ in plan.runs()} >= {*plan.reversed[:seeds], *plan.ensemble}


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"seeds \(0\) must be 1 or more, members \(2\) 3 or more"):
        Plan(PLAN.recipe, 0, 2)


def test_our_own_recipe_is_of_multi30k_and_takes_settings() -> None:
    recipe = reduced_recipe(None, ["training.epochs=1"])
    assert recipe.data.train.kind == "named"
    assert recipe.training.epochs == 1
