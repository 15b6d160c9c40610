"""Directories on disk that are complete or not there: flushed, named last, every file's size and sum beside it."""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from safetensors import SafetensorError

from tandem.errors import CheckpointError, NotWrittenError
from tandem.files.paths import read_text
from tandem.files.removal import Layout, names, remove
from tandem.version import __version__

Content: TypeAlias = str | Callable[[Path], object]
"""What a file holds: its text, or what writes it when called with its path."""

FORMAT = 1
"""The newest checkpoint format that this version writes and reads."""

FORMAT_FILE = "format.json"

_MOST_JSON = 2**16
"""Bytes of such a description: some hundred times what it takes."""
_NAME = re.compile(r"[\w-][\w.-]*", re.ASCII)
_WINDOWS = os.name == "nt"
_WAITS = (0.01, 0.05, 0.2, 0.5)
"""Seconds between two tries to move a file that another program has open."""
_NO_FLUSH = {errno.EACCES, errno.EPERM, errno.EBADF, errno.EINVAL, errno.ENOTSUP}
"""What systems say of a directory that they cannot flush."""
_LINK = "it is a link, and these must be the files themselves. Copy them with links followed (cp -rL)"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says while `path` is written, such as a full disk, into a NotWrittenError."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        # safetensors has it inside: "Error while serializing: I/O error: File too large (os error 27)".
        inside = re.search(r"I/O error: (.*) \(os error", str(error))
        reason = inside[1] if inside else (isinstance(error, OSError) and error.strerror) or str(error)
        raise NotWrittenError(
            f"{path}: cannot be written: {reason}. What was there before is unchanged. Make room there, or mend what "
            "is in the way"
        ) from error


def write_directory(directory: Path, files: Mapping[str, Content]) -> None:
    """Write files and a `format.json` with their sizes and sums, flushed, and give the new directory its name last.

    CheckpointError naming what cannot be written, or is there already; then nothing of the directory is left.
    """
    partial = directory.with_name(f".{directory.name}.partial")
    layout: Layout = {names("|".join(map(re.escape, (*files, FORMAT_FILE)))): None}
    with writing(directory):
        if os.path.lexists(directory):
            raise FileExistsError(errno.EEXIST, "it is there already")
        if not remove(partial, layout):  # of a process that was killed
            raise FileExistsError(errno.EEXIST, f"{partial} has something in it that Tandem did not put there")
        partial.mkdir(parents=True)
    try:
        sums = {}
        for name, content in files.items():
            with writing(directory / name):
                _write(partial / name, content)
                flush(partial / name)
                sums[name] = {"size": (partial / name).stat().st_size, "sha256": _sha256(partial / name)}
        description = {"format": FORMAT, "tandem": __version__, "files": sums}
        with writing(directory / FORMAT_FILE):
            _write(partial / FORMAT_FILE, sealed(description))
            flush(partial / FORMAT_FILE)
            for name in files:  # safetensors lets nobody but the owner read what it writes
                shutil.copymode(partial / FORMAT_FILE, partial / name)
        with writing(directory):
            flush(partial)
            _move(partial, directory)
            flush(directory.parent)
    except BaseException:
        with suppress(OSError):
            remove(partial, layout)
        raise


def _write(path: Path, content: Content) -> None:
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="\n")
    else:
        content(path)


def replace_file(path: Path, text: str) -> None:
    """Write a file, flushed, in place of the one that is there, in one step. CheckpointError where that cannot be."""
    partial = path.with_name(f"{path.name}.partial")
    with writing(path):
        try:
            # What a killed process left, or a link that somebody put there: the link goes, never what it leads to.
            partial.unlink(missing_ok=True)
            # A lone surrogate, which no encoding can hold, is better a "?" than no file at all.
            with partial.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text)
            flush(partial)
            _move(partial, path)
            flush(path.parent)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def _move(source: Path, target: Path) -> None:
    """Give a file or directory its name. On Windows a virus scanner or a reader may have it open for a moment."""
    for wait in _WAITS if _WINDOWS else ():
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(wait)
    source.replace(target)


def sealed(content: Mapping[str, Any]) -> str:
    """JSON that ends with its own SHA-256, so that damage to it is told from damage to what it speaks of."""
    seal = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return json.dumps({**content, "sha256": seal}, indent=2) + "\n"


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """What to raise where a file of a checkpoint cannot be opened or read: it may be whole all the same."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return CheckpointError(f"{path}: missing: the checkpoint is not complete. Copy it again, whole")
    if error.errno is None:  # of `read_text`: a device, or too large
        return CheckpointError(f"{path}: damaged: {error}. Copy it again")
    return CheckpointError(
        f"{path}: cannot be read: {error.strerror}. Check its permissions, and that the disk is in order"
    )


def read_sealed(path: Path) -> dict[str, Any]:
    """What `sealed` wrote to a file. CheckpointError where it holds anything else, or a newer format."""
    if path.is_symlink():
        raise CheckpointError(f"{path}: {_LINK}")
    try:
        text = read_text(path, _MOST_JSON)
        content: Any = json.loads(text)
        whole = isinstance(content, dict) and text == sealed({k: v for k, v in content.items() if k != "sha256"})
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged: it is no JSON that Tandem wrote ({error}). Copy it again") from error
    version = content.get("format") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(
            f"{path}: the format is {version}, and this Tandem ({__version__}) reads up to {FORMAT}: upgrade Tandem"
        )
    if not whole:
        raise CheckpointError(f"{path}: damaged: its content is not what was saved (SHA-256). Copy it again")
    return dict(content)


def check_directory(
    directory: Path,
    names: Sequence[str],
    remedies: Mapping[str, str] | None = None,
    *,
    optional: Sequence[str] = (),
) -> frozenset[str]:
    """Raise CheckpointError unless these files were written, and every one is as it was; all that were written.

    An `optional` file need not have been written; where it was, it is checked like the others. `remedies` say what to
    do about a file whose content is another; of others the user is told to copy them again.
    """
    path = directory / FORMAT_FILE
    description = read_sealed(path)
    version, files = description.get("format"), description.get("files")
    if type(version) is not int or version < 1 or not isinstance(files, dict):
        raise CheckpointError(f"{path}: damaged: it names no format from 1 to {FORMAT}, or no files. Copy it again")
    if not files.keys() >= set(names) or not all(map(_NAME.fullmatch, files)):
        listed = ", ".join(sorted(map(repr, files))) or "none"
        raise CheckpointError(
            f"{path}: damaged: it must list {', '.join(names)}, names alone, but it lists {listed}. Copy it again"
        )
    remedies = remedies or {}
    names = [*names, *(name for name in optional if name in files)]
    faults = [_fault(directory / name, files[name], remedies.get(name, "Copy it again")) for name in names]
    found = [fault for fault in faults if fault]
    if len(found) > 1:
        lines = "\n  ".join(found)
        raise CheckpointError(
            f"{path}: it fits only {len(names) - len(found)} of its {len(names)} files: it is another model's, or they "
            f"are, or they are damaged. Copy all of them again:\n  {lines}"
        )
    if found:
        raise CheckpointError(found[0])
    return frozenset(files)


def holds(directory: Path, name: str) -> bool:
    """Whether a directory that `write_directory` made has a file of this name. CheckpointError where it is damaged."""
    path = directory / FORMAT_FILE
    files = read_sealed(path).get("files") if path.exists() else None
    return isinstance(files, dict) and name in files


def _fault(file: Path, expected: object, remedy: str) -> str | None:
    """What is wrong with a file of which this size and sum are expected; None where nothing is."""
    try:
        status = file.lstat()
    except OSError as error:
        return str(unreadable(file, error))
    if stat.S_ISLNK(status.st_mode):
        return f"{file}: {_LINK}"
    if not stat.S_ISREG(status.st_mode):
        return f"{file}: damaged: it is not an ordinary file. Copy it again"
    size, sha256 = (expected.get("size"), expected.get("sha256")) if isinstance(expected, dict) else (None, None)
    if status.st_size != size:
        return f"{file}: damaged: it has {status.st_size} bytes instead of {size}. {remedy}"
    try:
        if _sha256(file) != sha256:
            return f"{file}: damaged: its content is not what was saved (SHA-256). {remedy}"
    except OSError as error:
        return str(unreadable(file, error))
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Have the operating system write a file, or a directory's names, to disk.

    A directory is left alone where it cannot be flushed: Windows opens none, and some file systems flush none.
    """
    directory = path.is_dir()
    # Windows flushes no file that is open for reading alone.
    mode = os.O_RDWR if _WINDOWS and not directory else os.O_RDONLY
    try:
        handle = os.open(path, mode)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if not (directory and error.errno in _NO_FLUSH):
            raise
