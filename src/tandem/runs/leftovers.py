"""What is left of a run that ended before anything was saved: a new run may take its place."""

import re
from pathlib import Path

from tandem.errors import CheckpointError
from tandem.runs.lock import LOCK_FILES
from tandem.runs.provenance import PROVENANCE, read_provenance

_FIRST = frozenset({*LOCK_FILES, f"{PROVENANCE}.partial"})
"""Files that are written before the provenance, by which a directory is recognised as a run's."""
_FILES = frozenset({PROVENANCE, "recipe.toml", "metrics.jsonl", "choice.txt"})
_NAMES = _FIRST | _FILES | {f"{name}.partial" for name in (*_FILES, "current.json")}
_FOLDERS = {
    "tensorboard": re.compile(r"events\.out\.tfevents\..+"),
    "checkpoints": re.compile(r"epoch-001|\.epoch-001\.partial"),
    "resume": re.compile(r"step-\d{8}(-validated)?|\.step-\d{8}(-validated)?\.partial"),
}
"""Folders, and the names in them. The second epoch begins after a saving, so its checkpoint is no leftover."""


def is_unsaved(out: Path) -> bool:
    """Return whether a directory is empty, or holds only what such a run leaves. A link is never a leftover."""
    paths = list(out.iterdir())
    if all(path.name in _FIRST for path in paths):
        return True
    return all(map(_is_leftover, paths)) and _has_provenance(out)


def _is_leftover(path: Path) -> bool:
    if path.is_symlink():
        return False
    if (names := _FOLDERS.get(path.name)) is not None:
        return path.is_dir() and all(names.fullmatch(inner.name) and not inner.is_symlink() for inner in path.iterdir())
    return path.name in _NAMES and path.is_file()


def _has_provenance(out: Path) -> bool:
    try:
        return bool(read_provenance(out))
    except CheckpointError:
        return False
