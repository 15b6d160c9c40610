"""Which settings may change when a run is resumed, and how changes are reported."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tandem.errors import RecipeError
from tandem.recipe import Recipe, portable

MAY_CHANGE = (
    # Where the pairs are read from may change, since their content is compared.
    "data.train.",
    "data.validation",
    "data.validation.",
    "data.test",
    "data.test.",
    "data.folder",
    "data.loader_workers",
    "text.source.bpe_dropout",
    "text.target.bpe_dropout",
    "model.dropout",
    "model.output_dropout",
    "model.word_dropout",
    "training.epochs",
    "training.patience",
    "training.keep_last",
    "training.save_minutes",
    "training.save_steps",
    "training.clip_norm",
    "training.label_smoothing",
    "training.r_drop",
    "training.precision",
    "training.shards",
    "training.exact_sum",
    "training.optimizer.learning_rate",
    "training.optimizer.betas",
    "training.optimizer.weight_decay",
    "training.optimizer.momentum",
    "training.learning_rate.",
    "training.teacher_forcing.",
    "search.",
)
"""Settings that may change, and whole sections, which end with a dot. All other settings must stay as they were."""


def check_changes(current: Recipe, wanted: Recipe, run: Path) -> list[str]:
    """Return what differs from the current recipe, one line each. RecipeError where the run cannot go on with it."""
    # The folders of the corpora are not compared: a checkpoint's recipe lacks them, and the contents are compared.
    before, after = (flat_settings(recipe) for recipe in (current, wanted))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    lines = {name: f"{name}: {shown(before.get(name))} -> {shown(after.get(name))}" for name in names}
    free = [line for name, line in lines.items() if _may_change(name)]
    fixed = [line for name, line in lines.items() if not _may_change(name)]
    if fixed:
        back = "Set them back to the values before the arrow, or start a new run with another --out"
        also = ["These may change:", *_indented(free)] if free else []
        parts = [f"{run}: these settings cannot change when a run is resumed:", *_indented(fixed), back, *also]
        raise RecipeError("\n".join(parts))
    return free


def _may_change(name: str) -> bool:
    return any(name == key or (key.endswith(".") and name.startswith(key)) for key in MAY_CHANGE)


def flat_settings(recipe: Recipe) -> dict[str, Any]:
    """Return every setting by its dotted name, without the folders that corpora are in."""
    return dict(_flat(portable(recipe).model_dump()))


def _flat(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def shown(value: Any) -> str:
    """Return the value of a setting as it is written in a recipe, or "none"."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
