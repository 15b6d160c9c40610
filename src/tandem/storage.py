"""Directories on disk that are complete or not there: flushed, named last, every file's size and sum beside it."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from tandem.errors import CheckpointError
from tandem.version import __version__

FORMAT = 1
"""The newest checkpoint format that this version writes and reads."""

FORMAT_FILE = "format.json"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says while `path` is written, such as a full disk, into a CheckpointError."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        # safetensors has it inside: "Error while serializing: I/O error: File too large (os error 27)".
        inside = re.search(r"I/O error: (.*) \(os error", str(error))
        reason = inside[1] if inside else (isinstance(error, OSError) and error.strerror) or str(error)
        raise CheckpointError(
            f"{path}: cannot be written: {reason}. What was saved before stands. Make room there, or mend what is in "
            "the way, and go on with --resume"
        ) from error


def write_directory(directory: Path, files: dict[str, Callable[[Path], object]]) -> None:
    """Write files and a `format.json` with their sizes and sums, flushed, and give the directory its name last.

    CheckpointError naming what cannot be written; then nothing of the directory is left.
    """
    partial = directory.with_name(f".{directory.name}.partial")
    try:
        with writing(directory):
            for leftover in (partial, directory):  # of a run that was cut off: nothing points there
                if leftover.exists():
                    shutil.rmtree(leftover)
            partial.mkdir(parents=True)
        sums = {}
        for name, write in files.items():
            with writing(directory / name):
                write(partial / name)
                flush(partial / name)
                sums[name] = {"size": (partial / name).stat().st_size, "sha256": _sha256(partial / name)}
        description = {"format": FORMAT, "tandem": __version__, "files": sums}
        with writing(directory / FORMAT_FILE):
            (partial / FORMAT_FILE).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
            flush(partial / FORMAT_FILE)
        with writing(directory):
            flush(partial)
            partial.rename(directory)
            flush(directory.parent)
    except CheckpointError:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def replace_file(path: Path, text: str) -> None:
    """Write a file, flushed, in place of the one that is there, in one step. CheckpointError where that cannot be."""
    partial = path.with_name(f"{path.name}.partial")
    with writing(path):
        try:
            # A lone surrogate, which no encoding can hold, is better a "?" than no file at all.
            partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")
            flush(partial)
            partial.replace(path)
            flush(path.parent)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


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
