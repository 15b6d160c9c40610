"""Claims on the shards of a preparation that several processes share, perhaps on several machines.

A claim is a lock on a file in the cache (`files/locks.py`). The operating system ends it with its process, and a file
server some time after its machine. Claims only save work: what is done under one is written aside and moved into
place, and is the same bytes whoever does it, so it does no harm where a file system has no locks.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from tandem.files.locks import is_held, lock
from tandem.files.paths import read_text
from tandem.files.removal import remove

_MOST_HOLDER = 2**12
"""The largest size in bytes of the file that says who has a claim."""


def claim_of(locks: Path, key: str, name: str) -> Path:
    """Return the lock for a part of the preparation of a corpus."""
    return locks / f"{key}-{name}"


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold a claim. Raise Held where another process holds it."""
    holder = path.with_name(f"{path.name}.json")
    with lock(path, lambda _: None, temporary=True):
        since = datetime.now(UTC).isoformat(" ", "seconds")
        me = {"host": socket.gethostname(), "pid": os.getpid(), "since": since}
        with suppress(OSError):  # only for a message to whoever waits
            holder.write_text(json.dumps(me), encoding="utf-8", newline="\n")
        try:
            yield
        finally:
            with suppress(OSError):
                remove(holder)


def holder_of(path: Path) -> str:
    """Return who holds a claim, in words."""
    try:
        me = json.loads(read_text(path.with_name(f"{path.name}.json"), _MOST_HOLDER))
        return f"process {me['pid']} on {me['host']} since {me['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has not said which"


@contextmanager
def taking_part(locks: Path, key: str) -> Iterator[None]:
    """Hold a lock of one's own for as long as this process takes part in a preparation."""
    path = claim_of(locks, key, f"part-{os.urandom(4).hex()}")
    with ExitStack() as stack:
        stack.enter_context(lock(path, lambda _: None, temporary=True))
        yield


def is_shared(locks: Path, key: str) -> bool:
    """Tell whether any process takes part in the preparation of a corpus."""
    return any(is_held(path) for path in locks.glob(f"{key}-*") if path.suffix != ".json")
