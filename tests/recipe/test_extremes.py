"""Every number that a setting takes has bounds, and within them it does no harm."""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from tandem.build import build_forcing, build_loop_settings, build_model, build_optimizer, build_schedule
from tandem.errors import RecipeError, TandemError
from tandem.recipe import Recipe, Section, dump_recipe, parse_recipe
from tests.support.runs import number_pairs, run_tiny, tiny_recipe

EXTREMES = (
    *(0, 1, -1, 2**31, 2**53, 2**63 - 1, -(2**63), 2**63, 10**400),
    *(
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        1.0,
        math.nextafter(1.0, 0),
        3.5e38,
        1.8e308,
        -1.8e308,
        math.inf,
        -math.inf,
        math.nan,
    ),
)
"""Of the types: what a processor, TOML, torch's float32 and Python itself can hold at most."""
COLUMNS = ("source_column", "target_column")
"""A column beyond those that there are is an error of the corpus, whatever its number."""
FOR_MACHINES = ("model.hidden", "model.embedding", "model.layers", "data.loader_workers")
"""What a model of the largest size takes depends on the machine."""


def numbers_of(section: type[Section], prefix: str = "") -> Iterator[tuple[str, list[Any], type]]:
    """The dotted name of each setting that takes a number, its bounds, and whether it is an int or a float."""
    for key, field in section.model_fields.items():
        for inner in sections_in(field.annotation):
            yield from numbers_of(inner, f"{prefix}{key}.")
        for kind, bounds in numbers_in(field.annotation, field):
            yield f"{prefix}{key}", bounds, kind


def sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from sections_in(part)


def numbers_in(annotation: Any, field: FieldInfo) -> Iterator[tuple[type, list[Any]]]:
    """The int or the float among the types of a setting, each with its bounds."""
    if annotation in (int, float):
        yield annotation, list(field.metadata)
    for part in get_args(annotation):
        metadata = [
            bound
            for info in getattr(part, "__metadata__", ())
            for bound in (info.metadata if isinstance(info, FieldInfo) else [info])
        ]
        base = getattr(part, "__origin__", part)
        if metadata and base in (int, float):
            yield base, metadata
        elif not (isinstance(part, type) and issubclass(part, Section)):
            yield from numbers_in(part, field)


NUMBERS = {name: (bounds, kind) for name, bounds, kind in numbers_of(Recipe)}


def beside(value: float, towards: float, kind: type) -> float:
    """The next number of this kind."""
    return value + int(math.copysign(1, towards)) if kind is int else math.nextafter(value, towards)


def edges(name: str) -> list[int | float]:
    """The smallest and the largest value that a setting takes."""
    bounds, kind = NUMBERS[name]
    limits: dict[str, Any] = {}
    for bound in bounds:
        limits |= {key: getattr(bound, key) for key in ("ge", "gt", "le", "lt") if hasattr(bound, key)}
    low = limits["ge"] if "ge" in limits else beside(limits["gt"], math.inf, kind)
    high = limits["le"] if "le" in limits else beside(limits["lt"], -math.inf, kind)
    return [low, high]


def as_set(name: str, value: int | float) -> list[str]:
    """The settings that give a number to a setting, with what else they take."""
    text = repr(value) if value != 10**400 else "9" * 4999  # more digits than Python writes
    if name.endswith("betas"):
        text = f"[{text}, {text}]"
    others = {
        "text.source.max_size": ["text.source.tokenizer=bpe"],
        "text.target.max_size": ["text.target.tokenizer=bpe"],
        "training.optimizer.momentum": ["training.optimizer.name=sgd"],
        "training.optimizer.weight_decay": ["training.optimizer.name=adamw"],
        "training.teacher_forcing.k": [
            f"training.teacher_forcing.schedule={'exponential' if value < 1 else 'inverse-sigmoid'}"
        ],
        "training.learning_rate.decay_from": ["training.learning_rate.schedule=linear"],
        "training.learning_rate.warmup_steps": ["training.learning_rate.schedule=inverse-sqrt"],
        "training.learning_rate.halve_after": ["training.learning_rate.schedule=halving"],
        "training.learning_rate.halve_every": [
            "training.learning_rate.schedule=halving",
            "training.learning_rate.halve_after=0",
        ],
        "training.learning_rate.factor": ["training.learning_rate.schedule=plateau"],
        "training.learning_rate.patience": ["training.learning_rate.schedule=plateau"],
    }
    return [f"{name}={text}", *others.get(name, [])]


def recipe_or_none(name: str, value: int | float) -> Recipe | None:
    """The recipe with this number for a setting; None where an error names the setting."""
    try:
        return tiny_recipe(*as_set(name, value))
    except RecipeError as error:
        if name.rpartition(".")[2] not in str(error):
            raise
        return None


def test_all_numbers_are_found() -> None:
    assert len(NUMBERS) > 40
    assert {"seed", "search.beam", "training.optimizer.betas", "training.epochs", "text.source.max_size"} <= set(
        NUMBERS
    )


@pytest.mark.parametrize("name", [name for name in NUMBERS if not name.endswith(COLUMNS)])
def test_each_number_has_a_smallest_and_a_largest_value(name: str) -> None:
    kinds = {type(bound) for bound in NUMBERS[name][0]}
    assert kinds & {Ge, Gt}
    assert kinds & {Le, Lt}


@pytest.mark.parametrize("name", [name for name in NUMBERS if not name.endswith(COLUMNS)])
def test_extremes_are_refused_by_name_or_build_a_training(name: str) -> None:
    for value in EXTREMES:
        recipe = recipe_or_none(name, value)
        if recipe is None:
            continue
        if not name.startswith(FOR_MACHINES):
            model = build_model(recipe, 10, 10)
            build_optimizer(recipe, model, next(model.parameters()).device)
            schedule, loop = build_schedule(recipe), build_loop_settings(recipe)
            for step in (1, 7, 10**9):
                assert math.isfinite(schedule.rate(step, 10**9, 3, [2.0, 3.0, 3.0, 3.0]))
                assert 0 <= build_forcing(recipe).ratio(step, 10**9) <= 1
            assert loop.seed == recipe.seed
        assert parse_recipe(dump_recipe(recipe), "again") == recipe


ENDLESS = ("training.epochs", "training.passes")


@pytest.mark.parametrize(
    "name",
    [n for n in NUMBERS if not n.endswith(COLUMNS) and not n.startswith((*FOR_MACHINES, *ENDLESS))],
)
def test_a_training_with_either_bound_ends_well_or_with_a_sentence(name: str, tmp_path: Path) -> None:
    """A training that cannot succeed, such as one of a learning rate of a billion, says why."""
    for number, value in enumerate(edges(name)):
        settings = ["training.epochs=1", *as_set(name, value)]
        if name.startswith("training.teacher_forcing.k"):
            settings = settings[:1] + as_set(name, max(value, 1e-300))
        with suppress(TandemError):
            run_tiny(tmp_path / str(number), *settings, pairs=number_pairs(8))
