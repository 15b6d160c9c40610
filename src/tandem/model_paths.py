"""Which directory a path stands for: the best checkpoint of a run, a checkpoint, or a model in the Hub's cache.

Reads without torch.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tandem.errors import CheckpointError
from tandem.files.atomic import replace_file
from tandem.files.paths import is_there, read_text
from tandem.files.seals import FORMAT_FILE, read_sealed, sealed
from tandem.hub.fetching import local_model
from tandem.hub.naming import hub_name
from tandem.terminal import shell_command

_T = TypeVar("_T")

WEIGHTS = "model.safetensors"
"""The file of a checkpoint that has the weights."""
EXPORT, ENCODER, STEP = "export.json", "encoder.onnx", "step.onnx"
"""The files that only an export has: its description and its graphs."""
POINTER = "current.json"
"""The file of a run that names its checkpoints."""
_MOST_POINTER = 2**16
"""The largest size of a run's pointer file, in bytes."""
_INSIDE = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)


@dataclass(frozen=True)
class Current:
    """The content of a run's `current.json`: paths relative to the directory of the run."""

    best: str | None
    """The best checkpoint. It is None before the first validation, as is `last`."""
    last: str | None
    resume: str


def read_models(paths: Sequence[Path], read: Callable[[list[Path]], _T]) -> _T:
    """Call `read` with the checkpoint directories that these paths stand for, and return its result.

    A training replaces its best checkpoint and removes the previous one. If a run's pointer changed during the reading
    and the reading failed, it is tried again, so a reader gets either the old best checkpoint or the new one.
    """
    while True:
        before = [_pointer_text(path) for path in paths]
        try:
            return read([checkpoint_of(path) for path in paths])
        except (CheckpointError, OSError):
            if [_pointer_text(path) for path in paths] == before:
                raise


def _pointer_text(path: Path) -> str | None:
    """Return the content of a run's pointer file, or None if the file is missing or cannot be read."""
    try:
        return read_text(path / POINTER, _MOST_POINTER)
    except (OSError, ValueError):
        return None


def checkpoint_of(path: Path) -> Path:
    """Return the checkpoint that `path` stands for: itself, or the best one of the run in that directory.

    A model on the Hub, `hf:OWNER/NAME`, is fetched first. Raise HubError where that fails.
    """
    path = local_model(path)
    if is_run(path):
        current = read_current(path)
        if current.best is None:
            command = shell_command("tandem", "train", "--resume", "--out", path)
            raise CheckpointError(
                f"{path}: this run has no best checkpoint yet: it gets one at its first validation. Go on with it "
                f"({command}), or name its newest state: {path / current.resume}"
            )
        if not (path / current.best).is_dir():
            raise CheckpointError(
                f"{path / POINTER}: it names {current.best}, which is not there. Copy the run again, whole"
            )
        return path / current.best
    if is_model(path):
        return path
    if not is_there(path):
        raise CheckpointError(f"{path}: there is no such run, checkpoint or export")
    if path.is_file() and is_model(path.parent):
        raise CheckpointError(f"{path}: this is one file of a model. Name the directory that it is in: {path.parent}")
    raise CheckpointError(
        f"{path}: this is neither a run (no {POINTER}) nor a checkpoint or export (no {FORMAT_FILE}). "
        "A run gets its first checkpoint at its first validation"
    )


def is_run(path: Path) -> bool:
    """Tell whether `path`, which may be any text, is the directory of a run."""
    return is_there(path / POINTER)


def is_export(path: Path) -> bool:
    """Tell whether `path`, which may be any text, is an export, even a damaged one."""
    return any(is_there(path / name) for name in (EXPORT, ENCODER, STEP))


def is_model(path: Path) -> bool:
    """Tell whether `path`, which may be any text, is a run, a checkpoint or an export, even an incomplete one.

    A model on the Hub is one by its name.
    """
    return (
        hub_name(path) is not None
        or is_export(path)
        or any(is_there(path / name) for name in (POINTER, FORMAT_FILE, WEIGHTS))
    )


def read_current(run: Path) -> Current:
    """Read the pointer of a run. Raise CheckpointError where it is damaged."""
    path = run / POINTER
    if not path.exists():
        raise CheckpointError(
            f"{path}: missing: {run} holds no run, or one that was stopped before it saved anything. "
            "There is nothing to resume: start anew"
        )
    content = read_sealed(path)
    best, last, resume = (content.get(key) for key in ("best", "last", "resume"))
    # Before the first validation there is neither a best nor a last.
    for name in [resume] if best is None and last is None else [best, last, resume]:
        if not isinstance(name, str) or not _INSIDE.fullmatch(name):
            raise CheckpointError(f"{path}: damaged: {name!r} is not a path inside the run. Copy it again")
        if any((run / part).is_symlink() for part in (Path(name), *Path(name).parents[:-1])):
            raise CheckpointError(f"{path}: {name} is or lies behind a link. Copy the run with links followed (cp -rL)")
    return Current(best, last, str(resume))


def write_current(run: Path, current: Current) -> None:
    """Replace the pointer of a run, in one step. Raise NotWrittenError where it cannot be written."""
    content = {"best": current.best, "last": current.last, "resume": current.resume}
    replace_file(run / POINTER, sealed(content))
