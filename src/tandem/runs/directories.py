"""Which directories a new run may be written into."""

import os
from pathlib import Path

from tandem.checkpoint import is_model
from tandem.errors import TrainingError
from tandem.runs.leftovers import is_unsaved
from tandem.runs.lock import LOCK


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
    if not out.exists() or (out.is_dir() and is_unsaved(out)):
        return
    if not out.is_dir():
        raise TrainingError(f"{out}: this is a file, and a run needs a directory. Choose another with --out")
    if not is_model(out):
        raise TrainingError(f"{out}: this is not an empty directory, and not a run either. Choose another with --out")
    raise TrainingError(
        f"{out}: this is not an empty directory: it holds a run. Continue it with --resume, choose another directory "
        "with --out, or remove it"
    )
