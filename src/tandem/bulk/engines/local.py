"""The engine `local`: worker processes on this machine. A worker that dies is started again, and its shard retried."""

import json
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tandem.bulk.engines.losses import Losses
from tandem.bulk.ledger import ShardDone
from tandem.errors import TandemError
from tandem.processes import Worker, WorkerEnded, serve


class LocalEngine:
    """Has shards done by processes on this machine."""

    name = "local"

    def run(self, job: Path, numbers: Sequence[int], *, workers: int, threads: int) -> Generator[ShardDone, None, None]:
        """See `BulkEngine.run`. Raise TandemError, with the shard's number, where its workers died `TRIES` times."""
        pool = _Pool(job, numbers, threads)
        running = [threading.Thread(target=pool.work) for _ in range(min(workers, len(numbers)))]
        try:
            for thread in running:
                thread.start()
            for _ in numbers:
                result = pool.results.get()
                if isinstance(result, BaseException):
                    raise result
                yield result
        finally:
            pool.stop()
            for thread in running:
                thread.join()


class _Pool:
    """The shards that wait, and the workers; each worker has a thread here that hands it one shard after another."""

    def __init__(self, job: Path, numbers: Sequence[int], threads: int) -> None:
        self.results: SimpleQueue[ShardDone | BaseException] = SimpleQueue()
        self._job = job
        self._threads = threads
        self._settings = json.dumps({"job": str(job.absolute()), "threads": threads}).encode()
        self._waiting: SimpleQueue[int] = SimpleQueue()
        self._losses = Losses(job)
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._stopped = False
        for number in numbers:
            self._waiting.put(number)

    def work(self) -> None:
        """Have shards done by one worker process at a time until none waits."""
        worker: Worker | None = None
        try:
            while (number := self._next()) is not None:
                worker = worker or self._start()
                if worker is None:
                    return
                try:
                    self.results.put(_done(worker.ask(json.dumps(number).encode())))
                except WorkerEnded as error:
                    self._end(worker)
                    worker = None
                    self._retry(number, error.code)
        except BaseException as error:  # noqa: BLE001 - raised again where the results are read
            self.results.put(error)
        finally:
            if worker is not None:
                self._end(worker)

    def _next(self) -> int | None:
        try:
            return None if self._stopped else self._waiting.get_nowait()
        except Empty:
            return None

    def _start(self) -> Worker | None:
        with self._lock:
            if self._stopped:
                return None
            worker = Worker(__name__, self._settings, threads=self._threads)
            self._workers.add(worker)
            return worker

    def _end(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.close()

    def _retry(self, number: int, code: int) -> None:
        with self._lock:
            if self._stopped:
                return
            self._losses.add(number, f"exit code {code}")
        self._waiting.put(number)

    def stop(self) -> None:
        """End all workers at once; a shard that is not done yet is lost, and done anew by the next run."""
        with self._lock:
            self._stopped = True
            for worker in self._workers:
                worker.kill()


def _done(answer: bytes) -> ShardDone:
    """Return what a worker answered. Raise the TandemError that it met."""
    content: dict[str, Any] = json.loads(answer)
    if "error" in content:
        raise TandemError(content["error"])
    return ShardDone(**content)


def _started(settings: bytes) -> Callable[[bytes], bytes]:
    """Return what a worker answers with: a shard's record, or what is wrong."""
    from dataclasses import asdict

    from tandem.bulk.shard_worker import ShardWorker

    given = json.loads(settings)
    workers: list[ShardWorker] = []

    def answer(question: bytes) -> bytes:
        try:
            if not workers:
                workers.append(ShardWorker(Path(given["job"]), threads=given["threads"]))
            return json.dumps(asdict(workers[0].run(json.loads(question)))).encode()
        except TandemError as error:
            return json.dumps({"error": str(error)}).encode()

    return answer


if __name__ == "__main__":
    serve(_started)
