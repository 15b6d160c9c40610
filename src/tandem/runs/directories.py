"""Which directories a new run may be written into: new ones, empty ones, and those of runs that saved nothing."""

import os
import re
from pathlib import Path

from tandem.errors import CheckpointError, TrainingError
from tandem.model_paths import is_export, is_model
from tandem.runs.lock import LOCK, LOCK_FILES
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


def check_unused(out: Path) -> None:
    """Raise TrainingError where the directory `out` cannot take a new run, unless another run holds its lock."""
    if "\0" in str(out) or any("\ud800" <= character <= "\udfff" for character in str(out)):
        raise TrainingError(f"{out}: a run's directory needs a name in UTF-8, without NUL. Choose another with --out")
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise TrainingError(f"{out}: {parent} is not a directory that you may write to. Choose another with --out")
    if not (out / LOCK).exists():
        refuse_used(out)


def refuse_used(out: Path) -> None:
    """Raise TrainingError unless `out` does not exist, is empty, or was left by a run that saved nothing."""
    if not out.exists() or (out.is_dir() and _is_unsaved(out)):
        return
    if not out.is_dir():
        raise TrainingError(f"{out}: this is a file, and a run needs a directory. Choose another with --out")
    if not is_model(out):
        raise TrainingError(f"{out}: this is not an empty directory, and not a run either. Choose another with --out")
    if is_export(out):
        raise TrainingError(f"{out}: this is not an empty directory: it holds an export. Choose another with --out")
    raise TrainingError(
        f"{out}: this is not an empty directory: it holds a run. Continue it with --resume, choose another directory "
        "with --out, or remove it"
    )


def _is_unsaved(out: Path) -> bool:
    """Return whether a directory is empty, or holds only what such a run leaves. A link is never a leftover."""
    paths = list(out.iterdir())
    if all(path.name in _FIRST for path in paths):
        return True
    try:
        return all(map(_is_leftover, paths)) and bool(read_provenance(out))
    except CheckpointError:
        return False


def _is_leftover(path: Path) -> bool:
    if path.is_symlink():
        return False
    if (names := _FOLDERS.get(path.name)) is not None:
        return path.is_dir() and all(names.fullmatch(inner.name) and not inner.is_symlink() for inner in path.iterdir())
    return path.name in _NAMES and path.is_file()
