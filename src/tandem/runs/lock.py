"""The lock on a run's directory, so that only one process writes it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from tandem.errors import TrainingError
from tandem.files.atomic import replace_file
from tandem.files.locks import Held, lock
from tandem.files.paths import ordinary
from tandem.files.removal import remove
from tandem.terminal import Notify

LOCK = "run.lock"
_HOLDER = "run.lock.json"
LOCK_FILES = frozenset({LOCK, _HOLDER, f"{_HOLDER}.partial"})


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
            "write: remove it where it is none, or choose another directory with --out"
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


def _holder(out: Path) -> str:
    try:
        content = json.loads(ordinary(out / _HOLDER).read_text(encoding="utf-8"))
        return f"process {content['pid']} on {content['host']}, since {content['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has not said which"
