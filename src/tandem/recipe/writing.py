"""Writes a recipe as TOML."""

from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any

from tandem.errors import ArgumentError
from tandem.files.paths import portable_path
from tandem.recipe.settings import Recipe


def portable(recipe: Recipe) -> Recipe:
    """Return the recipe without its folder, and with the names alone of files that it has with their whole path."""
    corpora = {part: corpus.portable() for part, corpus in recipe.data.corpora().items()}
    data = recipe.data.model_copy(update={**corpora, "folder": None})
    vectors = recipe.model.model_dump(include={"source_embeddings", "target_embeddings"}, exclude_none=True)
    model = recipe.model.model_copy(update={side: portable_path(path) for side, path in vectors.items()})
    return recipe.model_copy(update={"data": data, "model": model})


def dump_recipe(recipe: Recipe) -> str:
    """Return the recipe as TOML with every setting written out, so that a later default cannot change it.

    Of a joint vocabulary the settings stand once, in `text.source`.
    """
    lines: list[str] = [f"seed = {recipe.seed}"]
    tree = recipe.model_dump(exclude_none=True)
    if recipe.text.joint:
        del tree["text"]["target"]
    for name in ("data", "text", "model", "training", "search"):
        _dump_section(name, tree[name], lines)
    return "\n".join(lines) + "\n"


def setting_lines(settings: object) -> list[str]:
    """Return settings as "section.key=value" lines: from such strings, or a dictionary, nested or with dotted names.

    Raise ArgumentError for any other type, and for a value that TOML cannot hold.
    """
    if isinstance(settings, Mapping):
        return list(_flattened(settings, ""))
    if isinstance(settings, Sequence) and not isinstance(settings, str) and all(isinstance(s, str) for s in settings):
        return list(settings)
    raise ArgumentError(
        f"settings is {settings!r}, but must be a dictionary, such as {{'training.epochs': 3}}, or a list of strings, "
        "such as ['training.epochs=3']"
    )


def _flattened(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in settings.items():
        # A corpus is a single value, since its kind says which other keys it has.
        if isinstance(value, Mapping) and "kind" not in value:
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}={_toml_value(value, f'{prefix}{key}')}"


def _toml_value(value: Any, name: str) -> str:
    """Return a value from Python as TOML. Raise ArgumentError, naming the setting, for a type that no setting has."""
    match value:
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return f"[{', '.join(_toml_value(each, name) for each in value)}]"
        case str() | PurePath():
            return _toml_string(str(value))
        case Integral():
            return repr(int(value))
        case Real():
            return repr(float(value))
        case Mapping():
            return "{" + ", ".join(f"{key} = {_toml_value(each, f'{name}.{key}')}" for key, each in value.items()) + "}"
    raise ArgumentError(
        f"settings: {name} is {value!r}, of type {type(value).__name__}, which no setting has. Give a number, a text, "
        "True or False, or a list; leave the setting out to keep its default"
    )


def _dump_section(name: str, section: dict[str, Any], lines: list[str]) -> None:
    lines += ["", f"[{name}]"]
    lines += [f"{key} = {_toml_value(value, key)}" for key, value in section.items() if not isinstance(value, dict)]
    for key, value in section.items():
        if isinstance(value, dict):
            _dump_section(f"{name}.{key}", value, lines)


def _toml_string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
