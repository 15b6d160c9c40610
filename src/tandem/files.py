"""Paths that a program gives, and small files that may be anything at all: only ordinary ones, of a bounded size."""

import os
import re
import stat
from pathlib import Path

from tandem.errors import ArgumentError

_RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def path_of(value: object, argument: str) -> Path:
    """A path that a Python program gave as `argument`. ArgumentError where it is none."""
    if not isinstance(value, str | os.PathLike):
        raise ArgumentError(f"{argument} is {value!r}, but must be a path: a string or a pathlib.Path")
    return Path(value)


def portable_name(text: str) -> str:
    """The text as a name that every system takes: Windows reserves some characters and some whole names."""
    name = _RESERVED.sub("_", text).rstrip(". ") or "_"
    return f"{name}_" if name.partition(".")[0].lower() in _DEVICES else name


def read_text(path: Path, most: int) -> str:
    """The text of a file of at most `most` bytes. OSError or UnicodeDecodeError where it is anything else.

    A pipe or a device is never opened: reading it might have no end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not an ordinary file")
    if status.st_size > most:
        raise OSError(f"it has {status.st_size:,} bytes, and such a file may have {most:,} at most")
    with path.open("rb") as file:  # which may be another file by now, of another size
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it grows, and such a file may have {most:,} bytes at most")
    return content.decode("utf-8")
