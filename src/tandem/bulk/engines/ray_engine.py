"""The engine `ray`: actors of a Ray cluster, each of which keeps its models loaded. Only numbers travel.

The cluster is the one that RAY_ADDRESS names. Without it, one is started on this machine for the time of the job.
"""

import logging
import os
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tandem.bulk.bulk_job import BulkJob
from tandem.bulk.engines import TRIES
from tandem.bulk.engines.remote import RemoteWorker, ShardsLeft, first_line, imported
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import ShardDone
from tandem.bulk.log import write_event
from tandem.errors import TandemError

_OBJECT_STORE = 80 * 2**20
"""Bytes of shared memory of a cluster that is started here: about the least that Ray takes."""
_ANSWER_SECONDS = 10
_LOOK_SECONDS = 5.0
_PATIENCE = 600.0
"""Seconds without any worker after which a run ends: the cluster has no room."""


class RayEngine:
    """Has shards done by the actors of a Ray cluster."""

    name = "ray"

    def run(self, job: Path, numbers: Sequence[int], *, workers: int, threads: int) -> Generator[ShardDone, None, None]:
        """See `BulkEngine.run`. A worker takes as many of the cluster's cores as it has threads.

        Raise TandemError where Ray is not installed, where the cluster that RAY_ADDRESS names does not answer, and
        where it has no room for a worker.
        """
        ray = imported("ray")
        gpus = int(BulkJob.read(BulkFolder(job)).options.device == "cuda")
        with _cluster(ray, cpus=workers * threads, gpus=workers * gpus):
            pool = _Pool(ray, job, numbers, workers, ray.remote(num_cpus=threads, num_gpus=gpus)(RemoteWorker), threads)
            try:
                yield from pool.results()
            finally:
                pool.stop()


@contextmanager
def _cluster(ray: Any, *, cpus: int, gpus: int) -> Iterator[None]:
    """Be connected to the cluster that the caller is connected to or RAY_ADDRESS names; without either, start one."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    address = os.environ.get("RAY_ADDRESS", "local")
    try:
        if address == "local":
            ray.init(
                address=address,
                num_cpus=cpus,
                num_gpus=gpus,
                object_store_memory=_OBJECT_STORE,
                include_dashboard=False,
                **quiet,
            )
        else:
            _connect(ray, address, quiet)
        yield
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str, quiet: dict[str, Any]) -> None:
    """Connect to a cluster that runs. Raise TandemError where none answers at the address."""
    try:
        host, _, port = address.rpartition("://")[2].rpartition(":")
        if host and port.isdecimal():  # Ray itself tries for minutes, and then ends the process
            socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()
        ray.init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:  # RuntimeError: another version
        raise TandemError(
            f"RAY_ADDRESS={address}: cannot connect to a Ray cluster at this address ({first_line(error)}). Start one "
            "with 'ray start --head', or unset RAY_ADDRESS to use this machine alone"
        ) from error


class _Pool:
    """The actors, each with one shard at a time. A lost actor is replaced, and its shard waits again."""

    def __init__(self, ray: Any, job: Path, numbers: Sequence[int], workers: int, actor: Any, threads: int) -> None:
        self._ray = ray
        self._job = job
        self._left = ShardsLeft(job, numbers)
        self._workers = workers
        self._actor = actor
        self._threads = threads
        # What is awaited, with its actor and its shard. No shard yet: the actor is being started, which takes as long
        # as the cluster has no room for it, and so no shard may wait for it.
        self._pending: dict[Any, tuple[Any, int | None]] = {}
        self._failed_starts = 0
        self._idle = 0.0  # Seconds without any worker

    def results(self) -> Iterator[ShardDone]:
        """Yield the record of each shard. Raise TandemError as `RayEngine.run` does."""
        while self._left.waiting or self._busy():
            for _ in range(min(self._workers, self._busy() + len(self._left.waiting)) - len(self._pending)):
                actor = self._actor.remote(str(self._job.absolute()), self._threads)
                self._pending[actor.ready.remote()] = actor, None
            ready, _ = self._ray.wait(list(self._pending), num_returns=1, timeout=_LOOK_SECONDS)
            self._idle = 0.0 if ready or self._busy() else self._idle + _LOOK_SECONDS
            if self._idle:
                self._check_room()
            for reference in ready:
                if (done := self._answered(reference)) is not None:
                    yield done

    def _busy(self) -> int:
        """Return the number of actors that work on a shard."""
        return sum(number is not None for _, number in self._pending.values())

    def _answered(self, reference: Any) -> ShardDone | None:
        """Return the record that an actor answered with, if it was asked for one, and give it the next shard."""
        actor, number = self._pending.pop(reference)
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._lost(actor, number, first_line(error))
            return None
        if self._left.waiting:
            following = self._left.waiting.popleft()
            self._pending[actor.answer.remote(following)] = actor, following
        else:
            self._end(actor)
        if number is None:
            return None
        self._failed_starts = 0
        return self._left.done(answer)

    def _lost(self, actor: Any, number: int | None, reason: str) -> None:
        self._end(actor)
        if number is not None:
            self._left.retry(number, reason)
            return
        self._failed_starts += 1
        write_event(self._job, "worker not started", reason=reason)
        if self._failed_starts >= TRIES * self._workers:
            raise TandemError(
                f"--engine ray: {self._failed_starts} workers ended while they started (last reason: {reason}). See "
                "that every node has the same versions of Python, Ray and Tandem"
            )

    def _check_room(self) -> None:
        """Raise TandemError where no node is left, or none has had room for a worker for long."""
        if not any(node["Alive"] for node in self._ray.nodes()):
            raise TandemError("--engine ray: all nodes of the Ray cluster are lost. Give the same command again")
        if self._idle >= _PATIENCE:
            free = self._ray.available_resources().get("CPU", 0)
            raise TandemError(
                f"--engine ray: no worker could be started within {_PATIENCE:g} seconds, each of which needs "
                f"{self._threads} of the cluster's cores, and of those {free:g} are free. Use fewer threads (more "
                "--processes), or a larger cluster"
            )

    def _end(self, actor: Any) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor)

    def stop(self) -> None:
        """End all actors at once."""
        for actor, _ in self._pending.values():
            self._end(actor)
