"""The engine `local`: worker processes on this machine. A worker that dies is started again, and its shard retried."""

import json
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
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
        waiting: SimpleQueue[int] = SimpleQueue()
        for number in numbers:
            waiting.put(number)
        results: SimpleQueue[ShardDone | BaseException] = SimpleQueue()
        processes = ShardProcesses(job, threads)

        def work() -> None:
            with suppress(Empty):
                while True:
                    number = waiting.get_nowait()
                    try:
                        results.put(processes.done(number))
                    except BaseException as error:  # noqa: BLE001 - raised again where the results are read
                        results.put(error)
                        return

        running = [threading.Thread(target=work) for _ in range(min(workers, len(numbers)))]
        try:
            for thread in running:
                thread.start()
            for _ in numbers:
                result = results.get()
                if isinstance(result, BaseException):
                    raise result
                yield result
        finally:
            processes.stop()
            for thread in running:
                thread.join()


class ShardProcesses:
    """Worker processes on this machine. A process is started when a thread asks for a shard and no process is free."""

    def __init__(self, job: Path, threads: int) -> None:
        """Take the folder of the job, and the number of threads that a process computes with."""
        self._threads = threads
        self._settings = json.dumps({"job": str(job.absolute()), "threads": threads}).encode()
        self._losses = Losses(job)
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._free: list[Worker] = []
        self._stopped = False

    def done(self, number: int) -> ShardDone:
        """Have a shard done. Where its process dies, another one takes its place, and the shard is tried again.

        Raise the TandemError that the process met, or one where that happened `TRIES` times or all are stopped.
        """
        while True:
            worker = self._one()
            try:
                answer = worker.ask(json.dumps(number).encode())
            except WorkerEnded as error:
                self._end(worker)
                with self._lock:
                    if not self._stopped:
                        self._losses.add(number, f"exit code {error.code}")
                continue
            with self._lock:
                stopped = self._stopped
                if not stopped:
                    self._free.append(worker)
            if stopped:
                self._end(worker)
            return _done(answer)

    def _one(self) -> Worker:
        with self._lock:
            if self._stopped:
                raise TandemError("the workers of this job were stopped")
            if self._free:
                return self._free.pop()
            worker = Worker(__name__, self._settings, threads=self._threads)
            self._workers.add(worker)
            return worker

    def _end(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.close()

    def stop(self) -> None:
        """End all processes at once; a shard that is not done yet is lost, and done anew by the next run."""
        with self._lock:
            self._stopped = True
            for worker in self._workers:
                worker.kill()
        for worker in self._free:
            self._end(worker)


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
