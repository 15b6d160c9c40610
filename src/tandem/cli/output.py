"""Where translations are written: a stream, or a file that has its name only when it is complete.

Until then a folder `NAME.partial` beside it holds what is there (`output`), which work that is and how far it has come
(`job.json`), and a lock. `job.json` is replaced after each window of lines, once they are on disk; whatever `output`
holds beyond that is dropped by a run that goes on. So it does not matter when a run is killed.
"""

import errno
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tandem.cli.streams import say, standard_output
from tandem.errors import OutputError
from tandem.files.atomic import flush, replace_file, writing
from tandem.files.locks import Held, lock
from tandem.files.paths import resolved
from tandem.files.removal import Layout, names, remove
from tandem.terminal import printable_lines, shell_command

_FORMAT = 1
_OUTPUT, _JOB, _LOCK = "output", "job.json", "lock"
_LAYOUT: Layout = {names(r"output|job\.json(\.partial)?|lock"): None}
"""Of the folder of a file in the making."""


@dataclass(frozen=True)
class Job:
    """What a run that goes on has in common with the one that was stopped: then both write the same bytes."""

    input: str
    """The SHA-256 of its lines."""
    model: str
    """The SHA-256 of the checkpoint's description, which holds that of each of its files."""
    lines: int
    changed: float
    """When input and model were last changed, the later of the two."""
    options: dict[str, Any]

    def difference(self, begun: "Job") -> str:
        """What makes this another job than the one that was begun; "" where nothing does."""
        different = [f"another {name}" for name in ("input", "model") if getattr(self, name) != getattr(begun, name)]
        different += [
            f"{name} {begun.options.get(name)} (now {value})"
            for name, value in self.options.items()
            if begun.options.get(name) != value
        ]
        return ", ".join(different)


class Output(Protocol):
    """What translations are written to."""

    @property
    def done(self) -> int:
        """Lines whose translations are there from an earlier run."""

    def write(self, data: bytes, /) -> object:
        """Add to what is there."""

    def save(self, lines: int) -> None:
        """All that was written belongs to the first so many lines: have it leave this process."""


class Stream:
    """Standard output, or a file that is no regular one or is watched while it grows."""

    done = 0

    def __init__(self, file: BinaryIO, path: Path | None = None, *, terminal: bool = False) -> None:
        """In a `terminal`, what could steer it is replaced; anywhere else results are written as they are.

        Where it cannot be written and has a `path`, NotWrittenError names that.
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


class PartialFile:
    """A file in the making, in its folder; `job` is None where the work cannot be gone on with."""

    def __init__(self, path: Path, folder: Path, job: Job | None, begun: tuple[int, int]) -> None:
        """`begun` is how many lines are done and how many bytes that made.

        Whatever is called raises NotWrittenError, naming `path`, where there is no room.
        """
        self.path = path
        self.folder = folder
        self.job = job
        self.done, size = begun
        with writing(path):
            self._file = (folder / _OUTPUT).open("r+b" if self.done else "wb")
            self._file.seek(size)
            self._file.truncate()
        self.save(self.done)

    def write(self, data: bytes, /) -> object:
        """Add to what is there."""
        with writing(self.path):
            return self._file.write(data)

    def save(self, lines: int) -> None:
        """Have what was written on disk, and then how many lines that is."""
        with writing(self.path):
            self._file.flush()
        if self.job is not None:
            with writing(self.path):
                os.fsync(self._file.fileno())
            content = {"format": _FORMAT, "lines": lines, "bytes": self._file.tell(), "job": asdict(self.job)}
            replace_file(self.folder / _JOB, json.dumps(content, indent=2) + "\n")
        self.done = lines

    def finish(self) -> None:
        """Give the file its name, whatever had it before."""
        with writing(self.path):
            self.close()
            flush(self.folder / _OUTPUT)
            (self.folder / _OUTPUT).replace(self.path)
            flush(self.path.parent)
        (self.folder / _LOCK).unlink()
        _discard(self.folder)

    def close(self) -> None:
        """Close it, as it is."""
        self._file.close()

    def account(self) -> str:
        """For the user, how far an unfinished one has come and what to do."""
        if self.job is None:
            return f"stopped; what was done is in {self.folder / _OUTPUT}"
        command = shell_command("tandem", sys.argv[1], "--resume", *(w for w in sys.argv[2:] if w != "--resume"))
        return f"stopped after {self.done:,} of {self.job.lines:,} lines. Go on with:\n  {command}"


@contextmanager
def file_in_the_making(path: Path, job: Job | None, *, resume: bool) -> Iterator[PartialFile | None]:
    """A file that is named `path` when all has gone well, or None where `resume` finds that it is complete already.

    Otherwise what is done stays, to be gone on with. OutputError where the folder holds other work, or a process is
    at work there.
    """
    path = resolved(path) if path.is_symlink() else path
    folder = path.with_name(f"{path.name}.partial")
    there = folder.exists()
    with _terminated_like_interrupted(), _locked(folder, path):
        # A run's last acts are to move the output away and to remove the folder, its job.json last.
        finished = not (folder / _OUTPUT).exists() and (not there or (folder / _JOB).exists())
        if resume and job is not None and finished and path.is_file():
            try:
                _check_complete(path, job)
            finally:
                _discard(folder)
            yield None
            return
        made = PartialFile(path, folder, job, (0, 0) if finished else _begun(folder, job, resume=resume))
        try:
            yield made
            made.finish()
        except BaseException:
            with suppress(OSError):  # a full disk, again
                made.close()
            if made.done:
                say(made.account())
            else:
                _discard(folder)
            raise


@contextmanager
def opened_output(
    path: Path | None, job: Job | None, *, resume: bool = False, stream: bool = False
) -> Iterator[Output | None]:
    """Where results go, standard output or a file; None where they are there already.

    `stream`: the file is written directly. OutputError as of `file_in_the_making`, and where such a file holds
    something, which would be lost.
    """
    if path is None:
        yield Stream(standard_output(), terminal=sys.stdout.isatty())
    elif stream and path.is_file() and path.stat().st_size:
        raise OutputError(
            f"{path}: is there already, and what is translated line by line is written to the file itself. Write to "
            "another, or remove it"
        )
    elif stream or (path.exists() and not path.is_file()):
        with _written_directly(path) as file:
            yield Stream(file, path)
    else:
        with file_in_the_making(path, job, resume=resume) as made:
            yield made


def _written_directly(path: Path) -> BinaryIO:
    """A file, a pipe or a device, open for writing. OutputError for a pipe that nobody reads: that would be a wait."""
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


@contextmanager
def _locked(folder: Path, path: Path) -> Iterator[None]:
    """Hold the folder's lock. OutputError where another process does."""
    try:
        folder.mkdir(exist_ok=True)
        flush(path.parent)
    except FileNotFoundError:
        raise OutputError(f"{path}: there is no folder {path.parent}. Make it first, or write elsewhere") from None
    if folder.is_symlink():
        raise OutputError(
            f"{folder}: this is a link, and must be a folder of Tandem's own: remove it, or write elsewhere"
        )
    try:
        with lock(folder / _LOCK, say):
            yield
    except Held:
        raise OutputError(f"{path}: another process is writing it. Wait for that one, or write elsewhere") from None


def _discard(folder: Path) -> None:
    """Remove what Tandem wrote into the folder, as far as that can be."""
    with suppress(OSError):
        remove(folder, _LAYOUT)


def _begun(folder: Path, job: Job | None, *, resume: bool) -> tuple[int, int]:
    """The lines that an unfinished run has done, and how many bytes they made; none where nothing is to be kept."""
    output, described = folder / _OUTPUT, folder / _JOB
    remedy = f"remove {folder} to start anew"
    if not described.exists():
        if resume and output.exists() and output.stat().st_size:
            raise OutputError(f"{folder}: its {_JOB} is missing, so nothing says what {_OUTPUT} holds: {remedy}")
        return 0, 0
    try:
        content = json.loads(described.read_text(encoding="utf-8"))
        lines, size, before = int(content["lines"]), int(content["bytes"]), Job(**content["job"])
        known = content["format"] == _FORMAT and lines >= 0 and 0 <= size <= output.stat().st_size
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{described}: damaged ({error!r}): {remedy}") from error
    if not known:
        raise OutputError(f"{described}: does not fit {_OUTPUT}, or is another version's: {remedy}")
    if not lines:
        return 0, 0
    if not resume or job is None:
        raise OutputError(
            f"{folder}: holds {lines:,} translated lines of a run that was stopped: go on with --resume, or {remedy}"
        )
    if different := job.difference(before):
        raise OutputError(f"{folder}: was begun with {different}: give the same again, or {remedy}")
    return lines, size


def _check_complete(path: Path, job: Job) -> None:
    """Raise OutputError where a file cannot be the input's translation; which options made it can't be told."""
    with path.open("rb") as file:
        if job.options["format"] == "n-best":  # several lines of one number
            found = sum(1 for _ in groupby(file, key=lambda line: line.partition(b" ")[0]))
        else:
            found = sum(1 for _ in file)
    fault = ""
    if found != job.lines:
        fault = f"it is of {found:,} lines, and the input has {job.lines:,}"
    elif path.stat().st_mtime < job.changed:
        fault = "the input or the model has been changed since"
    if fault:
        raise OutputError(
            f"{path}: there is nothing to resume, and this is no translation of the input by the model: {fault}. "
            "Without --resume it is replaced"
        )


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, with the status that shells give it, so that the user is told how to go on."""

    def stop(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
