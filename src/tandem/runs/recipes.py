"""Where the recipe of a run comes from: chosen from its corpus, or read from the run that goes on."""

import time
from collections.abc import Sequence
from pathlib import Path

from tandem.checkpoint import read_current
from tandem.recipe import Data, Device, Recipe, load_recipe, override
from tandem.runs.corpora import GivenPairs, look_at
from tandem.runs.formats import format_warnings, settle_formats
from tandem.runs.recipe_choice import Budget, Choice, choose_recipe, seconds_in
from tandem.terminal import Notify

_READING_SETTINGS = ("data.", "seed")
"""What the settings begin with that say how the corpus is read."""


def chosen_recipe(
    data: Data,
    settings: Sequence[str],
    given: GivenPairs | None,
    notify: Notify,
    *,
    budget: str | None = None,
    device: Device = "auto",
) -> Choice:
    """Choose a recipe from the training pairs, put `settings` over it, and notify the user of each reason.

    `budget` is the time that everything may take from now on, such as "20m".
    """
    deadline = None if budget is None else time.monotonic() + seconds_in(budget)
    bare = Recipe(data=data)
    override(bare, settings)  # reports what is wrong with any setting before the corpus is read
    # The settings that say how the corpus is read must hold before it is read for choosing the others.
    bare = override(bare, [setting for setting in settings if setting.startswith(_READING_SETTINGS)])
    bare = settle_formats(bare, notify)
    for warning in format_warnings(bare.data):
        notify(warning)
    first, count = look_at(bare.data, given)
    limit = None if deadline is None else Budget(deadline, device, lambda recipe: override(recipe, settings))
    choice = choose_recipe(first, bare.data, count, limit)
    own = [setting for setting in settings if not setting.startswith(_READING_SETTINGS)]
    reasons = [*choice.reasons, *([f"but as it was set: {', '.join(own)}"] if own else [])]
    for reason in reasons:
        notify(reason)
    return Choice(override(choice.recipe, settings), reasons)


def resumed_recipe(run: Path, settings: Sequence[str]) -> Recipe:
    """Read the recipe of the run in this directory, and put `settings` over it."""
    read_current(run)  # raises first where there is no run at all
    return load_recipe(run / "recipe.toml", settings)
