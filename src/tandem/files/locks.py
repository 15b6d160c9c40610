"""Locks between processes, as the operating system has them: they end with their process, however that ends."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What file systems say that have no locks: some network file systems, and some of containers."""


class Held(Exception):
    """Another process holds the lock."""


@contextmanager
def lock(path: Path, say: Callable[[str], object], *, waiting: str | None = None) -> Iterator[None]:
    """Hold the lock on a file, which is made if it isn't there. Held where another process holds it.

    With `waiting` that is said, and waited for, instead. Where the file system has no locks, that is said, and nothing
    is held. OSError where the file cannot be made.
    """
    # A soft lock, a file that is there or not, would outlast a killed process and keep all others waiting.
    file = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        _acquire(file, say, waiting)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        say(
            f"{path.parent}: this file system has no locks ({error.strerror}), so nothing keeps another process from "
            "writing there at the same time. See that none does"
        )
    try:
        yield
    finally:
        file.release()


def _acquire(file: BaseFileLock, say: Callable[[str], object], waiting: str | None) -> None:
    try:
        file.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise Held from None
        say(waiting)
        file.acquire()
