"""A recipe -> TOML."""

from pathlib import PureWindowsPath
from typing import Any

from tandem.recipe.settings import Data, Recipe


def portable(recipe: Recipe) -> Recipe:
    """The recipe without its folder, and with the names alone of files whose whole path it had."""
    data: dict[str, Any] = recipe.data.model_dump(exclude={"folder"})
    for corpus in filter(None, (data["train"], data["validation"], data["test"])):
        corpus.update({key: _file_name(corpus[key]) for key in ("source", "target", "path", "name") if key in corpus})
    return recipe.model_copy(update={"data": Data.model_validate(data)})


def _file_name(path: str) -> str:
    """The last part of a path that begins at a root, a drive or a home, as POSIX or Windows write it; else itself."""
    as_windows = PureWindowsPath(path)  # which knows both kinds of slash
    return as_windows.name if as_windows.anchor or path.startswith("~") else path


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as TOML, every setting written out, so that a later default cannot change it."""
    lines: list[str] = [f"seed = {recipe.seed}"]
    for name in ("data", "text", "model", "training", "search"):
        _dump_section(name, getattr(recipe, name).model_dump(exclude_none=True), lines)
    return "\n".join(lines) + "\n"


def _dump_section(name: str, section: dict[str, Any], lines: list[str]) -> None:
    lines += ["", f"[{name}]"]
    lines += [f"{key} = {_toml(value)}" for key, value in section.items() if not isinstance(value, dict)]
    for key, value in section.items():
        if isinstance(value, dict):
            _dump_section(f"{name}.{key}", value, lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _toml_string(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)


def _toml_string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
