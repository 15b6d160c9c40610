"""Paths from programs, and small files that are only read if they are ordinary files of a bounded size."""

import errno
import hashlib
import os
import re
import stat
from pathlib import Path, PureWindowsPath

from tandem.errors import ArgumentError

_RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def path_of(value: object, argument: str) -> Path:
    """Return a path that a Python program gave as `argument`. Raise ArgumentError where it is no path."""
    if not isinstance(value, str | os.PathLike):
        raise ArgumentError(
            f"{argument} is of type {type(value).__name__}, but must be a path: a string or a pathlib.Path"
        )
    return Path(value)


def is_there(path: Path) -> bool:
    """Tell whether a file or folder with this path exists. The path may be any text, even one that is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def expand_user(path: str) -> Path:
    """Return the path with "~" or "~name" at its beginning replaced by the home directory of that user.

    Raise ArgumentError where the system does not know it, as in a container whose user has no entry.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ArgumentError(
            f"{path}: the system knows no such home directory. Give the path in full, or set HOME"
        ) from error


def resolved(path: Path) -> Path:
    """Return the path without links. Raise OSError where links lead in a circle, as every use of the path does."""
    try:
        return path.resolve()
    except RuntimeError as error:  # from Python before 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def portable_name(text: str) -> str:
    """Return the text as a file name for every system: Windows reserves some characters and some whole names."""
    name = _RESERVED.sub("_", text).rstrip(". ") or "_"
    return f"{name}_" if name.partition(".")[0].lower() in _DEVICES else name


def portable_path(path: str) -> str:
    """Return the last part of a path that begins at a root, a drive or a home; any other path as it is.

    Both the POSIX and the Windows way of writing paths are known.
    """
    as_windows = PureWindowsPath(path)  # which knows both kinds of slash
    return as_windows.name if as_windows.anchor or path.startswith("~") else path


def read_text(path: Path, most: int) -> str:
    """Read the text of a file of at most `most` bytes. Raise OSError or UnicodeDecodeError for anything else.

    A pipe or a device is never opened, since reading it may never end.
    """
    if (size := ordinary(path).stat().st_size) > most:
        raise OSError(f"it has {size:,} bytes, and such a file may have {most:,} at most")
    with path.open("rb") as file:  # by now this may be another file of another size
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it grows, and such a file may have {most:,} bytes at most")
    return content.decode("utf-8")


def ordinary(path: Path) -> Path:
    """Return the path of an ordinary file. Raise OSError for a pipe or a device, whose opening may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not an ordinary file")
    return path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
