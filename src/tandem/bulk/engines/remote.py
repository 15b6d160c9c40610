"""What the engines of other projects have in common: the worker that they carry away, and the shards that are left."""

import json
import os
import platform
import time
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tandem.bulk.engines.losses import Losses
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import Ledger, ShardDone
from tandem.errors import TandemError

if TYPE_CHECKING:
    from tandem.bulk.shard_worker import ShardWorker

_VISIBLE_SECONDS = 60.0
"""How long a record may take to be seen here that another machine wrote: NFS remembers for so long what is missing."""
_SHARED = "The folder of a job must be on a file system that every node sees under the same path"


def imported(name: str) -> Any:
    """Return a package that an engine needs. Raise TandemError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise TandemError(
            f"--engine {name} needs the package {name}, which cannot be imported ({error}). Install it with: pip "
            f'install "tandem-seq2seq[{name}]"'
        ) from error


class RemoteWorker:
    """A `ShardWorker` that any engine can carry to another process: plain values go in, and a line of JSON comes out.

    It is made without loading anything, and loads the models when the first shard comes.
    """

    def __init__(self, job: str, threads: int) -> None:
        self._job = Path(job)
        self._threads = threads
        self._worker: ShardWorker | None = None

    def ready(self) -> str:
        """Return the name of this machine, once the process runs."""
        return platform.node()

    def answer(self, number: int) -> str:
        """Have a shard done; return its record, or the message of a TandemError, as JSON."""
        try:
            if self._worker is None:
                self._worker = self._load()
            return json.dumps(vars(self._worker.run(number)))
        except TandemError as error:
            return json.dumps({"error": f"{error} (shard {number}, on {platform.node()})"})

    def _load(self) -> "ShardWorker":
        if not BulkFolder(self._job).job.exists():
            raise TandemError(f"{self._job}: there is no job in this folder. {_SHARED}")
        os.environ.setdefault("OMP_NUM_THREADS", str(self._threads))  # before anything that computes is imported
        from tandem.bulk.shard_worker import ShardWorker

        return ShardWorker(self._job, threads=self._threads)


class ShardsLeft:
    """The shards of a run that have no record yet, in the driver of an engine."""

    def __init__(self, job: Path, numbers: Sequence[int]) -> None:
        self.waiting = deque(numbers)
        """The numbers of those that no worker has."""
        self._job = job
        self._ledger = Ledger(BulkFolder(job))
        self._losses = Losses(job)

    def done(self, answer: str) -> ShardDone:
        """Return the record that a worker answered with, once it is seen on disk here.

        Raise TandemError where the worker met one, or where the record cannot be seen.
        """
        content: dict[str, Any] = json.loads(answer)
        if "error" in content:
            raise TandemError(content["error"])
        number = content["number"]
        until = time.monotonic() + _VISIBLE_SECONDS
        while (record := self._ledger.record(number)) is None:
            if time.monotonic() > until:
                raise TandemError(f"{self._job}: a worker has done shard {number}, but nothing is seen here. {_SHARED}")
            time.sleep(0.5)
        return record

    def retry(self, number: int, reason: str) -> None:
        """Let a shard wait again whose worker was lost. Raise TandemError where that happened `TRIES` times."""
        self._losses.add(number, reason)
        self.waiting.append(number)


def first_line(error: BaseException) -> str:
    """Return the beginning of an error's message, for a message of ours."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
