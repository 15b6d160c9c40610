"""Locks between processes, by the operating system: a lock ends with its process, even if that is killed."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tandem.files.removal import remove
from tandem.terminal import Notify

if TYPE_CHECKING:
    from filelock import BaseFileLock

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""The errors of file systems without locks, such as some network file systems and some in containers."""


class Held(Exception):
    """Another process holds the lock."""


@contextmanager
def lock(path: Path, notify: Notify, *, waiting: str | None = None, temporary: bool = False) -> Iterator[None]:
    """Hold the lock on a file, which is created if it does not exist. Raise Held where another process holds it.

    With the message `waiting`, the user is told that and the lock is waited for instead. A `temporary` file is removed
    at the end. Where the file system has no locks, the user is told so and nothing is locked. Raise OSError where the
    file cannot be created.
    """
    from filelock import FileLock  # not needed by most commands

    # A soft lock is the existence of a file. It would outlive a killed process and keep all others waiting.
    file = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        _acquire(file, notify, waiting)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        notify(
            f"{path.parent}: this file system has no locks ({error.strerror}), so nothing keeps another process from "
            "writing there at the same time. See that none does"
        )
    try:
        yield
    finally:
        if temporary:
            with suppress(OSError):  # on Windows, where it is removed when it is released
                remove(path)
        file.release()


def is_held(path: Path) -> bool:
    """Tell whether another process holds the lock on a file. For a moment it is held here, in the way of others."""
    try:
        with lock(path, lambda _: None):
            return False
    except (Held, OSError):
        return True


def _acquire(file: "BaseFileLock", notify: Notify, waiting: str | None) -> None:
    from filelock import Timeout

    try:
        file.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise Held from None
        notify(waiting)
        file.acquire()
