"""The lock on a run's directory, so that only one process writes it."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tandem.errors import TrainingError
from tandem.files.atomic import replace_file
from tandem.files.locks import Held, is_held, lock
from tandem.files.paths import read_text
from tandem.files.removal import remove
from tandem.terminal import Notify

LOCK = "run.lock"
_HOLDER = "run.lock.json"
LOCK_FILES = frozenset({LOCK, _HOLDER, f"{_HOLDER}.partial"})
_MOST_HOLDER = 2**16
"""The largest size of the file that says who holds the lock, in bytes."""


class Holder(NamedTuple):
    """The process that holds the lock, or held it when it was killed."""

    host: str
    pid: int
    since: str

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host == socket.gethostname()


@contextmanager
def locked(out: Path, notify: Notify = lambda _: None) -> Iterator[None]:
    """Hold the lock on a run's directory, which is made where it does not exist, and removed again if it stays empty.

    The operating system releases the lock of a process that has ended, in whatever way. TrainingError where another run
    holds the lock. `notify` is called where the file system has no locks.
    """
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    out.mkdir(parents=True, exist_ok=True)
    holding = ExitStack()
    try:
        holding.enter_context(lock(out / LOCK, notify))
    except Held:
        raise TrainingError(
            f"{out}: another run writes into this directory: {_holder(out)}. Wait until it has ended, or stop it, or "
            "choose another directory with --out"
        ) from None
    except OSError as error:
        raise TrainingError(
            f"{out / LOCK}: cannot be locked: {error.strerror or error}. It must be an ordinary file that you may "
            "write to: remove it if it is something else, or choose another directory with --out"
        ) from error
    try:
        me = {"host": socket.gethostname(), "pid": os.getpid(), "since": datetime.now(UTC).isoformat(" ", "seconds")}
        replace_file(out / _HOLDER, json.dumps(me) + "\n")
        yield
    finally:
        # Removed while the lock is held, so that no file of another process is removed. On Windows filelock does it.
        for name in LOCK_FILES:
            with suppress(OSError):
                remove(out / name)
        holding.close()
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def read_holder(out: Path) -> Holder | None:
    """Return the process that says that it writes into a run's directory; None where none says so."""
    try:
        content = json.loads(read_text(out / _HOLDER, _MOST_HOLDER))
        host, pid, since = content["host"], content["pid"], content["since"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Holder(str(host), pid, str(since)) if isinstance(pid, int) and pid > 0 else None


def holds_lock(out: Path, holder: Holder) -> bool:
    """Return whether a process of this machine holds the lock on a run's directory; other machines' never do.

    That a process has this number is not enough: another one may have got it after the training was killed.
    """
    if not holder.is_here:
        return False
    try:
        opened = list(Path(f"/proc/{holder.pid}/fd").iterdir())
    except OSError:  # there is no such process, or no such folder on this system, or it belongs to another user
        return _is_alive(holder.pid) and (out / LOCK).exists() and is_held(out / LOCK)
    return any(_is_same_file(file, out / LOCK) for file in opened)


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # where the signal 0 is Ctrl-C; the lock alone tells
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _holder(out: Path) -> str:
    holder = read_holder(out)
    if holder is None:
        return "a process that has not said which"
    return f"process {holder.pid} on {holder.host}, since {holder.since}"
