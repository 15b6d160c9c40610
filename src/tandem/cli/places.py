"""Checks, before the work, that results can be written where they are to go, and replace no file that is read."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tandem.checkpoint import checkpoint_of
from tandem.errors import OutputError
from tandem.files.paths import resolved


def check_places(
    outputs: Iterable[tuple[str, Path | None]], read: Iterable[Path | None], models: Iterable[Path]
) -> None:
    """Raise OutputError where a file cannot be written, or would replace one that is read.

    `outputs` are files, each with its option. `read` are the files that are read, `models` the runs and checkpoints.
    """
    given = [(option, path) for option, path in outputs if path is not None]
    if not given:
        return
    inputs = [path for path in (*read, *_model_files(models)) if path is not None and path.exists()]
    options: dict[Path, str] = {}
    for option, path in given:
        _check_place(option, path, inputs)
        if (other := options.setdefault(resolved(path), option)) != option:
            raise OutputError(f"{option} {path}: {other} writes that file; give another")


def _check_place(option: str, path: Path, inputs: Iterable[Path]) -> None:
    if path.is_dir():
        raise OutputError(f"{option} {path}: this is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{option} {path}: there is no folder {path.parent}. Make it first, or write elsewhere")
    # A terminal or a pipe may be read and written at once: it keeps nothing that could be lost.
    if path.is_file() and any(path.samefile(other) for other in inputs):
        raise OutputError(f"{option} {path}: this file is read; write to another")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f"{option} {path}: you may not write there. Change the permissions, or write elsewhere")


def _model_files(models: Iterable[Path]) -> Iterator[Path]:
    for model in models:
        yield model / "current.json"
        yield from checkpoint_of(model).iterdir()
