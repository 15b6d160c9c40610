"""One writer: a run's directory is locked while a run writes it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from tandem.errors import TrainingError
from tandem.files import ordinary
from tandem.storage import replace_file

LOCK = "run.lock"
_HOLDER = "run.lock.json"
LOCK_FILES = frozenset({LOCK, _HOLDER, f"{_HOLDER}.partial"})


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock on a run's directory, which is made if it isn't there, and goes again if it stays empty.

    The operating system lets go of the lock of a process that is no more, however it ended. TrainingError where
    another run holds it.
    """
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainingError(
            f"{out}: another run writes into this directory: {_holder(out)}. Wait until it has ended, or stop it, or "
            "choose another directory with --out"
        ) from None
    try:
        me = {"host": socket.gethostname(), "pid": os.getpid(), "since": datetime.now(UTC).isoformat(" ", "seconds")}
        replace_file(out / _HOLDER, json.dumps(me) + "\n")
        yield
    finally:
        # While the lock is still held, so that it is not another's file that goes. On Windows filelock does it.
        for name in LOCK_FILES:
            with suppress(OSError):
                (out / name).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _holder(out: Path) -> str:
    try:
        content = json.loads(ordinary(out / _HOLDER).read_text(encoding="utf-8"))
        return f"process {content['pid']} on {content['host']}, since {content['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has not said which"
