"""A resumed run keeps what makes it this run; the rest may change, and each change is printed."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from tandem.errors import RecipeError
from tandem.recipe import Recipe, load_recipe
from tandem.runs.changes import MAY_CHANGE, check_changes
from tests.support.runs import copied, run_tiny, tiny_recipe

FIXED = [
    "seed: 1 -> 2 (seed=2)",
    "model.hidden: 8 -> 9 (model.hidden=9)",
    'model.cell: "lstm" -> "gru" (model.cell=gru)',
    "model.tie_output: false -> true (model.tie_output=true)",
    'text.source.tokenizer: "word" -> "bpe" (text.source.tokenizer=bpe)',
    "text.source.max_size: none -> 99 (text.source.max_size=99)",
    "text.reverse_source: false -> true (text.reverse_source=true)",
    'training.optimizer.name: "adam" -> "sgd" (training.optimizer.name=sgd)',
    'training.keep: "loss" -> "bleu" (training.keep=bleu)',
    "training.batch_size: 8 -> 7 (training.batch_size=7)",
    "training.accumulate: 1 -> 2 (training.accumulate=2)",
    'training.gradient_per: "token" -> "sentence" (training.gradient_per=sentence)',
    "data.max_tokens: 200 -> 100 (data.max_tokens=100)",
]
FREE = [
    "model.dropout: 0.2 -> 0.25 (model.dropout=0.25)",
    "training.epochs: 2 -> 40 (training.epochs=40)",
    "training.epochs: 2 -> 7.5 (training.epochs=7.5)",
    "training.patience: none -> 3 (training.patience=3)",
    'training.clip_norm: 1.0 -> "off" (training.clip_norm=off)',
    "training.optimizer.betas: [0.9, 0.999] -> [0.9, 0.98] (training.optimizer.betas=[0.9, 0.98])",
    'training.learning_rate.schedule: "constant" -> "linear" (training.learning_rate.schedule=linear)',
    "training.teacher_forcing.start: 1.0 -> 0.5 (training.teacher_forcing.start=0.5)",
    "search.beam: 2 -> 3 (search.beam=3)",
    "data.loader_workers: 1 -> 0 (data.loader_workers=0)",
]


def parts(case: str) -> tuple[str, str]:
    """What is said, and the setting."""
    said, _, setting = case.removesuffix(")").rpartition(" (")
    return said, setting


@pytest.mark.parametrize("case", FREE)
def test_what_may_change_is_said(case: str) -> None:
    said, setting = parts(case)
    assert check_changes(tiny_recipe(), tiny_recipe(setting), Path("run")) == [said]


@pytest.mark.parametrize("case", FIXED)
def test_what_may_not_change_is_refused(case: str) -> None:
    said, setting = parts(case)
    with pytest.raises(RecipeError) as refused:
        check_changes(tiny_recipe(), tiny_recipe(setting), Path("run"))
    assert str(refused.value).splitlines() == [
        "run: these settings cannot change when a run is resumed:",
        f"  {said}",
        "Set them back to the values before the arrow, or start a new run with another --out",
    ]


def test_all_changes_are_named_at_once_the_forbidden_ones_first(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(RecipeError) as refused:
        run_tiny(run, "training.epochs=40", "seed=2", "model.cell=gru", "model.dropout=0.5", resume=True)
    assert str(refused.value).splitlines()[1:] == [
        '  model.cell: "lstm" -> "gru"',
        "  seed: 1 -> 2",
        "Set them back to the values before the arrow, or start a new run with another --out",
        "These may change:",
        "  model.dropout: 0.2 -> 0.5",
        "  training.epochs: 2 -> 40",
    ]
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_run_goes_on_with_what_may_change(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    said: list[str] = []
    run_tiny(run, "training.epochs=3", "search.beam=1", resume=True, notify=said.append)
    first = said.index("going on after step 10, in epoch 3")
    assert said[first + 1 : first + 3] == ["training.epochs: 2 -> 3", "search.beam: 2 -> 1"]
    assert load_recipe(run / "recipe.toml").training.epochs == 3


def names(section: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= names(inner, f"{prefix}{name}.")
        else:
            found.add(f"{prefix}{name}")
    return found


def test_the_table_names_settings_that_there_are() -> None:
    known = names(Recipe)
    for key in MAY_CHANGE:
        assert key.removesuffix(".") in known or any(name.startswith(key) for name in known), key
