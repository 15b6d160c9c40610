"""Which settings a run that goes on may change, and what is said of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tandem.errors import RecipeError
from tandem.recipe import Recipe, portable

MAY_CHANGE = (
    # Where the pairs are read from; that they are the same ones is made sure of by their content.
    "data.train.",
    "data.validation",
    "data.validation.",
    "data.test",
    "data.test.",
    "data.folder",
    "data.loader_workers",
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
    "training.precision",
    "training.optimizer.learning_rate",
    "training.optimizer.betas",
    "training.optimizer.weight_decay",
    "training.optimizer.momentum",
    "training.learning_rate.",
    "training.teacher_forcing.",
    "search.",
)
"""Settings, and with a dot at the end whole sections; all others stay what they were."""


def check_changes(found: Recipe, wanted: Recipe, run: Path) -> list[str]:
    """What differs from the run's recipe, a line each. RecipeError where the run could not go on with it."""
    # Where the corpora lie is not compared: a checkpoint's recipe does not have it, and they are told by their content.
    before, after = (flat_settings(recipe) for recipe in (found, wanted))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    lines = {name: f"{name}: {shown(before.get(name))} -> {shown(after.get(name))}" for name in names}
    free = [line for name, line in lines.items() if _may_change(name)]
    fixed = [line for name, line in lines.items() if not _may_change(name)]
    if fixed:
        also = ["These differ as well, and may:", *_indented(free)] if free else []
        parts = [f"{run}: a run that goes on keeps these settings:", *_indented(fixed), *also]
        parts.append("Leave the former as they were, before the arrow, or start a new run with another --out")
        raise RecipeError("\n".join(parts))
    return free


def _may_change(name: str) -> bool:
    return any(name == key or (key.endswith(".") and name.startswith(key)) for key in MAY_CHANGE)


def flat_settings(recipe: Recipe) -> dict[str, Any]:
    """Every setting under its dotted name, without the folders that corpora lie in."""
    return dict(_flat(portable(recipe).model_dump()))


def _flat(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def shown(value: Any) -> str:
    """A setting's value as it is written, or "none"."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
