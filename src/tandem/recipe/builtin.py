"""The recipes that come with Tandem: the folder `recipes` of the repository, which an installation has too."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_FOLDER = _PACKAGE / "recipes" if (_PACKAGE / "recipes").is_dir() else _PACKAGE.parents[1] / "recipes"


def builtin_recipes() -> list[str]:
    """Return the names of the built-in recipes."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def find_builtin(path: Path) -> Path | None:
    """Return the file of the built-in recipe that `multi30k`, `multi30k.toml` or `recipes/multi30k.toml` means.

    Return None for a path that exists, which always means the file itself, and for any other name.
    """
    if path.exists() or path.parent not in (Path(), Path("recipes")) or path.suffix not in ("", ".toml"):
        return None
    return _FOLDER / f"{path.stem}.toml" if path.stem in builtin_recipes() else None
