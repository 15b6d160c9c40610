"""What translations are written to: a stream, or a file that has its name only when it is complete."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from tandem.bulk.job import Job
from tandem.bulk.partial_files import partial_file
from tandem.errors import OutputError
from tandem.files.atomic import writing
from tandem.terminal import Notify, printable_lines


class Output(Protocol):
    """What translations are written to."""

    @property
    def done(self) -> int:
        """The number of lines whose translations are written already, by an earlier run."""

    def write(self, data: bytes, /) -> object:
        """Add to what is written."""

    def save(self, lines: int) -> None:
        """Have everything leave this process that was written; it belongs to the first so many lines."""


class Stream:
    """Standard output, or a file that is not a regular one or is watched while it grows."""

    done = 0

    def __init__(self, file: BinaryIO, path: Path | None = None, *, terminal: bool = False) -> None:
        """Write what could steer a `terminal` as replacement characters, and to anything else as it is.

        With a `path`, NotWrittenError names it where the file cannot be written.
        """
        self._file = file
        self._writing = nullcontext if path is None else partial(writing, path)
        self._terminal = terminal

    def write(self, data: bytes, /) -> object:
        """Write UTF-8."""
        with self._writing():
            return self._file.write(printable_lines(data.decode()).encode() if self._terminal else data)

    def save(self, lines: int) -> None:  # noqa: ARG002 - an Output's method
        """Hand over what was written."""
        with self._writing():
            self._file.flush()


@contextmanager
def open_output(
    path: Path,
    job: Job | None,
    *,
    resume: bool = False,
    stream: bool = False,
    resume_command: str = "",
    notify: Notify = lambda _: None,
) -> Iterator[Output | None]:
    """Yield what a file is written through; None where `resume` finds that it is complete already.

    A `stream` is written directly. OutputError as of `partial_file`, and where a file that is to be written directly
    holds something, which would be lost.
    """
    if stream and path.is_file() and path.stat().st_size:
        raise OutputError(
            f"{path}: is there already, and what is translated line by line is written to the file itself. Write to "
            "another, or remove it"
        )
    if stream or (path.exists() and not path.is_file()):
        with _open_directly(path) as file:
            yield Stream(file, path)
    else:
        with partial_file(path, job, resume=resume, resume_command=resume_command, notify=notify) as output:
            yield output


def _open_directly(path: Path) -> BinaryIO:
    """Open a file, a pipe or a device to write to it. OutputError for a pipe that has no reader."""
    if not path.is_fifo():
        return path.open("wb")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OutputError(f"{path}: nobody reads from this pipe. Start its reader first, or write to a file") from None
    os.set_blocking(handle, True)
    return os.fdopen(handle, "wb")
