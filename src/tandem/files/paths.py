"""Paths that a program gives, and small files that may be anything at all: only ordinary ones, of a bounded size."""

import errno
import os
import re
import stat
from pathlib import Path, PureWindowsPath

from tandem.errors import ArgumentError

_RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def path_of(value: object, argument: str) -> Path:
    """A path that a Python program gave as `argument`. ArgumentError where it is none."""
    if not isinstance(value, str | os.PathLike):
        raise ArgumentError(
            f"{argument} is of type {type(value).__name__}, but must be a path: a string or a pathlib.Path"
        )
    return Path(value)


def is_there(path: Path) -> bool:
    """Whether something has this path, which may be any text: one that is too long for a path has nothing."""
    try:
        return path.exists()
    except OSError:
        return False


def expand_user(path: str) -> Path:
    """The path with "~" and "~name" at its beginning replaced by that user's home directory.

    ArgumentError where the system doesn't know it, as in a container whose user has no entry.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ArgumentError(
            f"{path}: the system knows no such home directory. Give the path in full, or set HOME"
        ) from error


def resolved(path: Path) -> Path:
    """The path without links. OSError where links lead in a circle, as every use of the path would say."""
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 says
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def portable_name(text: str) -> str:
    """The text as a name that every system takes: Windows reserves some characters and some whole names."""
    name = _RESERVED.sub("_", text).rstrip(". ") or "_"
    return f"{name}_" if name.partition(".")[0].lower() in _DEVICES else name


def portable_path(path: str) -> str:
    """Return the last part of a path that begins at a root, a drive or a home; any other path as it is.

    Both the POSIX and the Windows way of writing paths are known.
    """
    as_windows = PureWindowsPath(path)  # which knows both kinds of slash
    return as_windows.name if as_windows.anchor or path.startswith("~") else path


def read_text(path: Path, most: int) -> str:
    """The text of a file of at most `most` bytes. OSError or UnicodeDecodeError where it is anything else.

    A pipe or a device is never opened: reading it might have no end.
    """
    if (size := ordinary(path).stat().st_size) > most:
        raise OSError(f"it has {size:,} bytes, and such a file may have {most:,} at most")
    with path.open("rb") as file:  # which may be another file by now, of another size
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it grows, and such a file may have {most:,} bytes at most")
    return content.decode("utf-8")


def ordinary(path: Path) -> Path:
    """The path. OSError unless it is of an ordinary file: opening a pipe or a device might be a wait without end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not an ordinary file")
    return path
