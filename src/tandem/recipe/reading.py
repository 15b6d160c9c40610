"""Makes a recipe from TOML and from settings that override it; a wrong name is answered with the nearest ones."""

import reprlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pydantic

from tandem.corpora.kinds import KINDS
from tandem.errors import RecipeError
from tandem.files.paths import path_of, read_text
from tandem.recipe.builtin import builtin_recipes, find_builtin
from tandem.recipe.settings import Recipe
from tandem.recipe.writing import setting_lines

_MOST_BYTES = 2**15  # thirty times what all settings take; tomllib can take minutes for larger ones
_MOST_FAULTS = 50  # the faults that one error lists
_MOST_NAMES = 3  # names that are suggested at a time
_SECTIONS = ("data", "text", "model", "training", "search")
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 200


def load_recipe(path: str | Path, settings: Sequence[str] | Mapping[str, Any] = ()) -> Recipe:
    """Read a recipe, with `settings` that override it: "section.key=value" each, or a dictionary, nested or dotted.

    A path that does not exist may name a built-in recipe (`find_builtin`). Raise RecipeError, naming everything that
    is wrong.
    """
    try:
        file = path_of(path, "the recipe")
        text = read_text(find_builtin(file) or file, _MOST_BYTES)
    except FileNotFoundError:
        names = ", ".join(builtin_recipes())
        raise RecipeError(f"{path}: there is no such recipe. The built-in ones are {names}") from None
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path}: the recipe cannot be read: {error}") from error
    return parse_recipe(text, str(path), setting_lines(settings))


def parse_recipe(text: str, origin: str, settings: Sequence[str] = ()) -> Recipe:
    """Make a recipe from its TOML; `origin` names it in messages."""
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number with too many digits is a plain ValueError
        raise RecipeError(f"{origin}: this is not valid TOML: {error}") from error
    for setting in settings:
        _put(tree, setting)
    return make_recipe(tree, origin)


def make_recipe(tree: dict[str, Any], origin: str) -> Recipe:
    """Make a recipe from nested dictionaries. Raise RecipeError, naming everything that is wrong by its dotted name."""
    _check_values(tree, origin)
    try:
        return Recipe.model_validate(tree)
    except pydantic.ValidationError as error:
        lines = [_explain(fault) for fault in error.errors()]
        more = ["  ..."] if len(lines) > _MOST_FAULTS else []
        raise RecipeError(
            f"{origin}: {len(lines)} setting{'s' * (len(lines) > 1)} not valid:\n"
            + "\n".join(lines[:_MOST_FAULTS] + more)
        ) from None


def _check_values(tree: dict[str, Any], origin: str) -> None:
    """Raise RecipeError for what TOML cannot hold, integers beyond 64 bits and paths that are not UTF-8, and for NUL.

    Python refuses to print an integer of thousands of digits.
    """
    pending: list[tuple[object, object]] = list(tree.items())  # no recursion: a recipe may be nested deeply
    while pending:
        key, value = pending.pop()
        if isinstance(value, int) and value.bit_length() > 63:
            raise RecipeError(
                f"{origin}: {key}: an integer of {value.bit_length()} bits, but 64 are the most. Lower it"
            )
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise RecipeError(
                f"{origin}: {key}: {value!r} holds bytes that are not UTF-8, and a recipe is UTF-8. Rename the file"
            )
        if isinstance(value, str) and "\0" in value:
            raise RecipeError(f"{origin}: {key}: {_SHOWN.repr(value)} holds a NUL, which no name has. Remove it")
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, list | tuple):
            pending += ((key, item) for item in value)


def override(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Return the recipe with `settings`, "section.key=value" each, that override it."""
    tree = recipe.model_dump(exclude_none=True)
    target = dict(tree["text"]["target"])
    for setting in settings:
        _put(tree, setting)
    match tree["text"]:
        # With a joint vocabulary the settings of the source are those of the target, until settings part them.
        case {"joint": True, "target": kept} if kept == target and recipe.text.source == recipe.text.target:
            del tree["text"]["target"]
    return make_recipe(tree, "the recipe with --set")


def _put(tree: dict[str, Any], setting: str) -> None:
    """Set "section.key=value" in the tree. The value is TOML, or else a plain string."""
    name, equals, value = setting.partition("=")
    path = name.strip().split(".")
    if not equals or not all(path):
        raise RecipeError(f"--set {setting}: settings have the form section.key=value, such as training.epochs=5")
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"--set {setting}: {part} is a value, not a section")
    try:
        values = tomllib.loads(f"value = {value}")
    except ValueError:
        values = {"value": value}
    except RecursionError as error:
        raise RecipeError(f"--set {name}: the value is nested too deeply") from error
    if len(values) > 1:
        raise RecipeError(f"--set {name}: another setting follows on a second line. Give it a --set of its own")
    tree[path[-1]] = values["value"]


def _explain(fault: Any) -> str:
    # A discriminated union puts its tag into the location ("data.train.files.source"), which users never wrote.
    kinds = {kind.kind_name() for kind in KINDS}
    location = [part if part.isprintable() else repr(part) for part in map(str, fault["loc"])]
    if location[:1] == ["data"]:
        location = location[:2] + [part for part in location[2:] if part not in kinds]
    name = ".".join(location)
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not name:  # what two sections say together
        return f"  {message}"
    if fault["type"] == "extra_forbidden":
        return f"  {name}: there is no such setting. {_remedy(name, fault['input'])}"
    if fault["type"] in ("model_type", "model_attributes_type") and _settings_of(name):
        return f"  {name}: {_SHOWN.repr(fault['input'])} is given for a whole section. {_remedy(name)}"
    if fault["type"] == "missing":
        return f"  {name}: is missing"
    if fault["type"] == "value_error" and isinstance(fault["input"], dict):  # of settings that do not fit together
        return f"  {name}: {message}" if name else f"  {message}"
    return f"  {name}: {message}; it is {_SHOWN.repr(fault['input'])}"


def _remedy(name: str, value: Any = None) -> str:
    """Say what to write in place of a name that is no setting, or that is a whole section."""
    intended = name
    while isinstance(value, dict) and value:  # The first name inside a wrong section stands for all of them.
        key, value = next(iter(value.items()))
        intended += f".{key}"
    inside = _settings_of(name)
    nearest = [
        one for one in _nearest_settings(intended) if not inside or one.endswith(f".{intended.rpartition('.')[2]}")
    ]
    if nearest:
        return f"Did you mean {' or '.join(nearest)}?"
    section = name if inside else name.rpartition(".")[0]
    known = inside or _settings_of(section)
    return f"The settings of {section} are {', '.join(known)}" if known else f"The sections are {', '.join(_SECTIONS)}"


@cache
def _setting_names() -> tuple[str, ...]:
    """Return the dotted name of every setting, such as "training.epochs"; sections are not among them."""
    return tuple(dict.fromkeys(_names_in(Recipe, "")))


def _settings_of(section: str) -> list[str]:
    """Return the names inside a section, such as "epochs" for "training"; none where there is no such section."""
    inside = (name.removeprefix(f"{section}.") for name in _setting_names() if name.startswith(f"{section}."))
    return list(dict.fromkeys(name.partition(".")[0] for name in inside))


def _nearest_settings(name: str) -> list[str]:
    """Return the settings with the last part of `name` or a similar one, in its section if any is there; best first."""
    section, _, last = name.rpartition(".")
    lasts = {setting.rpartition(".")[2] for setting in _setting_names()}
    similar = get_close_matches(last, lasts, n=1, cutoff=0.7) or [known for known in lasts if known.startswith(last)]
    candidates = [setting for setting in _setting_names() if setting.rpartition(".")[2] in similar]
    inside = [setting for setting in candidates if setting.rpartition(".")[0] == section]
    likeness = {setting: SequenceMatcher(None, name, setting).ratio() for setting in inside or candidates}
    nearest = [setting for setting in likeness if likeness[setting] >= max(likeness.values()) - 0.2]
    return sorted(nearest, key=lambda setting: -likeness[setting])[:_MOST_NAMES]


def _names_in(section: type[pydantic.BaseModel], prefix: str) -> Iterator[str]:
    for key, field in section.model_fields.items():
        inner = list(_sections_in(field.annotation))
        for one in inner:
            yield from _names_in(one, f"{prefix}{key}.")
        if not inner:
            yield f"{prefix}{key}"


def _sections_in(annotation: Any) -> Iterator[type[pydantic.BaseModel]]:
    """Yield the sections that the type of a setting is or, where it is a choice of several, consists of."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)
