"""Writing files and directories so that they are complete or absent: flushed to disk, and given their name last."""

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tandem.errors import NotWrittenError
from tandem.files.removal import Layout, remove

ASIDE = ".aside"
"""The ending of a file that is being written and has its own name only when it is complete."""
_WINDOWS = os.name == "nt"
_WAITS = (0.01, 0.05, 0.2, 0.5)  # seconds between two tries to move a file that another program has open
_NO_FLUSH = {errno.EACCES, errno.EPERM, errno.EBADF, errno.EINVAL, errno.ENOTSUP}
"""The errors of systems that cannot flush a directory."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the operating system while `path` is written, such as a full disk, into a NotWrittenError."""
    try:
        yield
    except OSError as error:
        raise not_written(path, error.strerror or str(error)) from error


def not_written(path: Path, reason: str) -> NotWrittenError:
    """Return the error for a file or a directory that cannot be written."""
    return NotWrittenError(
        f"{path}: cannot be written: {reason}. What was there before is unchanged. Make room there, or mend what "
        "is in the way"
    )


def replace_file(path: Path, text: str) -> None:
    """Write a file, flushed, in place of an older one, in one step. Raise NotWrittenError where that is impossible."""
    partial = path.with_name(f"{path.name}.partial")
    with writing(path):
        try:
            # What a killed process left, or a link that somebody put there: the link goes, never what it leads to.
            partial.unlink(missing_ok=True)
            # A lone surrogate, which no encoding can hold, is better a "?" than no file at all.
            with partial.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text)
            flush(partial)
            move_into_place(partial, path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a name of the caller's own beside `path`; the file of that name is flushed and moved to `path` at the end.

    Two processes may do so at once: the last one's file stays. When the block ends in an error nothing is left.
    NotWrittenError where it cannot be flushed or moved.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(6)}{ASIDE}")
    try:
        yield aside
        with writing(path):
            flush(aside)
            move_into_place(aside, path)
    except BaseException:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


@contextmanager
def new_directory(directory: Path, layout: Layout) -> Iterator[Path]:
    """Yield a directory to write into, which gets its name when the block ends well; otherwise nothing of it is left.

    The caller flushes the files. `layout` names them, so that what a killed process left can be removed. Raise
    NotWrittenError where the directory exists already or cannot be made.
    """
    partial = directory.with_name(f".{directory.name}.partial")
    with writing(directory):
        if os.path.lexists(directory):
            raise FileExistsError(errno.EEXIST, "it is there already")
        if not remove(partial, layout):
            raise FileExistsError(errno.EEXIST, f"{partial} has something in it that Tandem did not put there")
        partial.mkdir(parents=True)
    try:
        yield partial
        with writing(directory):
            flush(partial)
            move_into_place(partial, directory)
    except BaseException:
        with suppress(OSError):
            remove(partial, layout)
        raise


def move_into_place(source: Path, target: Path) -> None:
    """Give a flushed file or directory its name, which survives a power cut from then on."""
    # On Windows a virus scanner or a reader may have the file open for a moment.
    for wait in _WAITS if _WINDOWS else ():
        try:
            source.replace(target)
            break
        except PermissionError:
            time.sleep(wait)
    else:
        source.replace(target)
    flush(target.parent)


def flush(path: Path) -> None:
    """Have the operating system write a file, or the names in a directory, to disk.

    A directory is skipped where it cannot be flushed: Windows opens none, and some file systems flush none.
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
