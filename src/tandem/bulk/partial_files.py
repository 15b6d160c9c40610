"""A file that has its name only when it is complete, and that a stopped job goes on with.

Until it is complete, a folder `NAME.partial` beside it holds what is written so far (`output`), which job that is and
how many lines of it are done (`job.json`), and a lock. `job.json` is replaced after each window of lines, once these
are on disk; a resumed job drops whatever `output` holds beyond them. So it does not matter when a job is killed.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from tandem.bulk.job import Job
from tandem.errors import OutputError
from tandem.files.atomic import flush, move_into_place, replace_file, writing
from tandem.files.locks import Held, lock
from tandem.files.paths import resolved
from tandem.files.removal import Layout, names, remove
from tandem.terminal import Notify

_FORMAT = 1
_OUTPUT, _JOB, _LOCK = "output", "job.json", "lock"
_LAYOUT: Layout = {names(r"output|job\.json(\.partial)?|lock"): None}
"""What the folder of an unfinished file may hold."""


class PartialFile:
    """An unfinished file in its folder; `job` is None where the job cannot be resumed."""

    def __init__(self, path: Path, folder: Path, job: Job | None, begun: tuple[int, int]) -> None:
        """Open the file after what is done: `begun` is a number of lines, and of the bytes that they made.

        Every method raises NotWrittenError, naming `path`, where the disk is full.
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
        """Add to what is written."""
        with writing(self.path):
            return self._file.write(data)

    def save(self, lines: int) -> None:
        """Flush what was written to disk, and then record how many lines that is."""
        with writing(self.path):
            self._file.flush()
        if self.job is not None:
            with writing(self.path):
                os.fsync(self._file.fileno())
            content = {"format": _FORMAT, "lines": lines, "bytes": self._file.tell(), "job": asdict(self.job)}
            replace_file(self.folder / _JOB, json.dumps(content, indent=2) + "\n")
        self.done = lines

    def finish(self) -> None:
        """Give the file its name, in place of any other file of that name."""
        with writing(self.path):
            self.close()
            flush(self.folder / _OUTPUT)
            move_into_place(self.folder / _OUTPUT, self.path)
        (self.folder / _LOCK).unlink()
        _discard(self.folder)

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def account(self, resume_command: str) -> str:
        """Return a sentence for the user: how far the job has come, and what to do."""
        if self.job is None:
            return f"stopped; what was done is in {self.folder / _OUTPUT}"
        return f"stopped after {self.done:,} of {self.job.lines:,} lines. Go on with:\n  {resume_command}"


@contextmanager
def partial_file(
    path: Path, job: Job | None, *, resume: bool, resume_command: str, notify: Notify
) -> Iterator[PartialFile | None]:
    """Yield a file that is named `path` when the block ends well; None where `resume` finds it complete already.

    When the block ends in an error, what is done stays, and `notify` is told of it with the command that resumes the
    job. Raise OutputError where the folder holds another job, or another process works on it.
    """
    path = resolved(path) if path.is_symlink() else path
    folder = path.with_name(f"{path.name}.partial")
    existed = folder.exists()
    with _locked(folder, path, notify):
        # A job's last acts are to move the output away and to remove the folder, its job.json last.
        finished = not (folder / _OUTPUT).exists() and (not existed or (folder / _JOB).exists())
        if resume and job is not None and finished and path.is_file():
            try:
                _check_complete(path, job)
            finally:
                _discard(folder)
            yield None
            return
        output = PartialFile(path, folder, job, (0, 0) if finished else _read_begun(folder, job, resume=resume))
        try:
            yield output
            output.finish()
        except BaseException:
            with suppress(OSError):  # a full disk, again
                output.close()
            if output.done:
                notify(output.account(resume_command))
            else:
                _discard(folder)
            raise


@contextmanager
def _locked(folder: Path, path: Path, notify: Notify) -> Iterator[None]:
    """Hold the folder's lock. OutputError where another process holds it."""
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
        with lock(folder / _LOCK, notify):
            yield
    except Held:
        raise OutputError(f"{path}: another process is writing it. Wait for that one, or write elsewhere") from None


def _discard(folder: Path) -> None:
    with suppress(OSError):
        remove(folder, _LAYOUT)


def _read_begun(folder: Path, job: Job | None, *, resume: bool) -> tuple[int, int]:
    """Return the lines that an unfinished job has done, and how many bytes they made; zeros where nothing is kept."""
    output, description = folder / _OUTPUT, folder / _JOB
    remedy = f"remove {folder} to start anew"
    if not description.exists():
        if resume and output.exists() and output.stat().st_size:
            raise OutputError(f"{folder}: its {_JOB} is missing, so nothing says what {_OUTPUT} holds: {remedy}")
        return 0, 0
    try:
        content = json.loads(description.read_text(encoding="utf-8"))
        lines, size, before = int(content["lines"]), int(content["bytes"]), Job(**content["job"])
        known = content["format"] == _FORMAT and lines >= 0 and 0 <= size <= output.stat().st_size
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{description}: damaged ({error!r}): {remedy}") from error
    if not known:
        raise OutputError(f"{description}: does not fit {_OUTPUT}, or is another version's: {remedy}")
    if not lines:
        return 0, 0
    if not resume or job is None:
        raise OutputError(
            f"{folder}: holds {lines:,} translated lines of a run that was stopped: go on with --resume, or {remedy}"
        )
    if difference := job.difference(before):
        raise OutputError(f"{folder}: was begun with {difference}: give the same again, or {remedy}")
    return lines, size


def _check_complete(path: Path, job: Job) -> None:
    """Raise OutputError where a file cannot be the input's translation; nothing tells which options it was made by."""
    with path.open("rb") as file:
        if job.options["format"] == "n-best":  # several lines have one number
            lines = sum(1 for _ in groupby(file, key=lambda line: line.partition(b" ")[0]))
        else:
            lines = sum(1 for _ in file)
    fault = ""
    if lines != job.lines:
        fault = f"it is of {lines:,} lines, and the input has {job.lines:,}"
    elif path.stat().st_mtime < job.changed:
        fault = "the input or the model has been changed since"
    if fault:
        raise OutputError(
            f"{path}: there is nothing to resume, and this is no translation of the input by the model: {fault}. "
            "Without --resume it is replaced"
        )
