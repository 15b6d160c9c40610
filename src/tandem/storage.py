"""Directories on disk that are complete or not there: flushed, named last, every file's size and sum beside it."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tandem.errors import CheckpointError
from tandem.version import __version__

FORMAT = 1
"""The newest checkpoint format that this version writes and reads."""

FORMAT_FILE = "format.json"


def replace_text(path: Path, text: str) -> None:
    """Replace a file in one step, flushed: whoever reads it finds the old text or the new one."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    flush(partial)
    partial.replace(path)
    flush(path.parent)


def write_directory(directory: Path, files: dict[str, Callable[[Path], object]]) -> None:
    """Write files and a `format.json` with their sizes and sums, flushed, and give the directory its name last."""
    partial = directory.with_name(f".{directory.name}.partial")
    for leftover in (partial, directory):  # of a run that was cut off: nothing points there
        if leftover.exists():
            shutil.rmtree(leftover)
    partial.mkdir(parents=True)
    sums = {}
    for name, write in files.items():
        write(partial / name)
        flush(partial / name)
        sums[name] = {"size": (partial / name).stat().st_size, "sha256": _sha256(partial / name)}
    description = {"format": FORMAT, "tandem": __version__, "files": sums}
    (partial / FORMAT_FILE).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    flush(partial / FORMAT_FILE)
    flush(partial)
    partial.rename(directory)
    flush(directory.parent)


def check_directory(directory: Path, names: tuple[str, ...]) -> None:
    """Raise CheckpointError unless every file is there, as it was written."""
    path = directory / FORMAT_FILE
    try:
        description: Any = json.loads(path.read_text(encoding="utf-8"))
        version = description["format"]
    except FileNotFoundError:
        raise CheckpointError(f"{path}: missing: the checkpoint is not complete") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: damaged ({error!r})") from error
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(
            f"{path}: the format is {version}, and this Tandem ({__version__}) reads up to {FORMAT}: upgrade Tandem"
        )
    files = description.get("files")
    if not isinstance(version, int) or version < 1 or not isinstance(files, dict):
        raise CheckpointError(f"{path}: damaged: it names no format from 1 to {FORMAT}, or no files. Copy it again")
    for name in names:
        file, expected = directory / name, files.get(name)
        if not file.is_file() or not isinstance(expected, dict):
            raise CheckpointError(f"{file}: missing: the checkpoint is not complete. Copy it again, whole")
        if file.stat().st_size != expected.get("size"):
            raise CheckpointError(
                f"{file}: damaged: it has {file.stat().st_size} bytes instead of {expected.get('size')}. Copy it again"
            )
        if _sha256(file) != expected.get("sha256"):
            raise CheckpointError(f"{file}: damaged: its content is not what was saved (SHA-256). Copy it again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Have the operating system write a file, or a directory's names, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
