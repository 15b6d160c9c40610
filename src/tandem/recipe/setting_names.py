"""The names of all settings, and suggestions for wrong names."""

from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from tandem.recipe.settings import Recipe

_MOST = 3
"""Names that are suggested at a time."""


@cache
def setting_names() -> tuple[str, ...]:
    """Return the dotted name of every setting, such as "training.epochs"; sections are not among them."""
    return tuple(dict.fromkeys(_names_in(Recipe, "")))


def settings_of(section: str) -> list[str]:
    """Return the names inside a section, such as "epochs" for "training"; none where there is no such section."""
    inside = (name.removeprefix(f"{section}.") for name in setting_names() if name.startswith(f"{section}."))
    return list(dict.fromkeys(name.partition(".")[0] for name in inside))


def nearest_settings(name: str) -> list[str]:
    """Return the settings that a wrong `name` may mean, the likeliest first.

    They are the settings with the same last part, or else those with a similarly spelt one. If some of them are in the
    section of `name`, only those are returned.
    """
    section, _, last = name.rpartition(".")
    lasts = {setting.rpartition(".")[2] for setting in setting_names()}
    similar = get_close_matches(last, lasts, n=1, cutoff=0.7) or [known for known in lasts if known.startswith(last)]
    candidates = [setting for setting in setting_names() if setting.rpartition(".")[2] in similar]
    inside = [setting for setting in candidates if setting.rpartition(".")[0] == section]
    likeness = {setting: SequenceMatcher(None, name, setting).ratio() for setting in inside or candidates}
    nearest = [setting for setting in likeness if likeness[setting] >= max(likeness.values()) - 0.2]
    return sorted(nearest, key=lambda setting: -likeness[setting])[:_MOST]


def _names_in(section: type[BaseModel], prefix: str) -> Iterator[str]:
    for key, field in section.model_fields.items():
        inner = list(_sections_in(field.annotation))
        for one in inner:
            yield from _names_in(one, f"{prefix}{key}.")
        if not inner:
            yield f"{prefix}{key}"


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that the type of a setting is or, where it is a choice of several, consists of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)
