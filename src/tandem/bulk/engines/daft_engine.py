"""The engine `daft`: a query of Daft whose rows are the numbers of shards, and whose answers are their records.

On this machine Daft's threads hand the numbers to the processes of the engine `local`. Daft could start processes, but
waits forever for one that dies while it starts. On a Ray cluster (DAFT_RUNNER=ray) it starts an actor for each worker.
Only numbers and records travel.
"""

import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tandem.bulk.bulk_job import BulkJob
from tandem.bulk.engines import TRIES
from tandem.bulk.engines.local import ShardProcesses
from tandem.bulk.engines.remote import RemoteWorker, ShardsLeft, first_line, imported
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import ShardDone
from tandem.bulk.log import write_event
from tandem.errors import TandemError

_QUIET = {
    "DAFT_ANALYTICS_ENABLED": "false",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_LOG_TO_DRIVER": "0",
}
"""Daft and Ray report their use to their makers, and Daft draws bars of its own, unless told not to."""
_RUNNING: dict[int, ShardProcesses] = {}
"""The processes of each query on this machine. Daft pickles what a function holds, so it holds a number."""


class DaftEngine:
    """Has shards done by a query of Daft."""

    name = "daft"

    def run(self, job: Path, numbers: Sequence[int], *, workers: int, threads: int) -> Generator[ShardDone, None, None]:
        """See `BulkEngine.run`. A query that fails is followed by another one for the shards that are left.

        Raise TandemError where Daft is not installed, and where `TRIES` queries after each other have no shard done.
        """
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        daft = imported("daft")
        shards = ShardsLeft(job, numbers)
        left = dict.fromkeys(numbers)
        failures = 0
        answers = _local_answers if daft.runners.get_or_infer_runner_type() == "native" else _cluster_answers
        while left:
            try:
                with answers(daft, job, list(left), workers, threads) as rows:
                    for answer in rows:
                        done = shards.done(answer)
                        left.pop(done.number, None)
                        failures = 0
                        yield done
            except TandemError:
                raise
            except Exception as error:  # noqa: BLE001 - Daft has no class for a worker that died
                failures += 1
                _failed(job, left, failures, first_line(error))
            # Others come first, since Daft does not say which shard it was whose worker died.
            for number in list(left)[: min(workers, len(left) - 1)]:
                left[number] = left.pop(number)


def _failed(job: Path, left: dict[int, None], failures: int, reason: str) -> None:
    write_event(job, "query ended", reason=reason, left=len(left), failures=failures)
    if failures >= TRIES:
        first = ", ".join(map(str, list(left)[:8])) + (", ..." if len(left) > 8 else "")
        raise TandemError(
            f"{job}: Daft's query ended {failures} times before any shard was done (last reason: {reason}); left are "
            f"{len(left)} shards ({first}). Perhaps memory is short: use fewer --processes or a smaller --batch-size, "
            "and give the same command again"
        )


@contextmanager
def _local_answers(daft: Any, job: Path, numbers: list[int], workers: int, threads: int) -> Iterator[Iterator[str]]:
    """Yield the answers to these numbers, as they come, from processes on this machine, which end at the end."""
    processes = ShardProcesses(job, threads)
    query = id(processes)

    def answers(column: Any) -> list[str]:
        return [_answer(query, number) for number in column.to_pylist()]

    # A thread of Daft's waits for each worker. Their number can be set once in a process.
    with suppress(daft.exceptions.DaftCoreException):
        daft.set_runner_native(num_threads=workers)
    function = daft.func.batch(return_dtype=daft.DataType.string(), batch_size=1, use_process=False)(answers)
    frame = daft.from_pydict({"number": numbers}).select(function(daft.col("number")).alias("answer"))
    _RUNNING[query] = processes
    try:
        with _answers_of(daft, frame) as rows:
            yield rows
    finally:
        processes.stop()
        del _RUNNING[query]


def _answer(query: int, number: int) -> str:
    try:
        return json.dumps(vars(_RUNNING[query].done(number)))
    except (TandemError, KeyError) as error:  # KeyError: the query has been given up meanwhile
        return json.dumps({"error": str(error)})


@contextmanager
def _cluster_answers(daft: Any, job: Path, numbers: list[int], workers: int, threads: int) -> Iterator[Iterator[str]]:
    """Yield what `RemoteWorker.answer` answers to these numbers, as it comes, from actors that end at the end."""
    gpus = int(BulkJob.read(BulkFolder(job)).options.device == "cuda")
    worker = daft.cls(max_concurrency=workers, use_process=True, gpus=gpus)(_shards_class(daft))
    shards = worker(str(job.absolute()), threads)
    # A part of the frame is done by one actor, one number after another, and is answered as a whole.
    frame = daft.from_pydict({"number": numbers}).into_partitions(len(numbers))
    with _answers_of(daft, frame.select(shards.answers(daft.col("number")).alias("answer"))) as rows:
        yield rows


@contextmanager
def _answers_of(daft: Any, frame: Any) -> Iterator[Iterator[str]]:
    # In order, a shard would wait for the one before.
    with daft.execution_config_ctx(maintain_order=False), closing(frame.iter_rows()) as rows:
        yield (row["answer"] for row in rows)


def _shards_class(daft: Any) -> type:
    """Return the class whose instances are the workers."""
    batch: Callable[[Any], Any] = daft.method.batch(return_dtype=daft.DataType.string(), batch_size=1)

    class Shards:
        def __init__(self, job: str, threads: int) -> None:
            self._worker = RemoteWorker(job, threads)

        def answers(self, numbers: Any) -> list[str]:
            return [self._worker.answer(number) for number in numbers.to_pylist()]

    Shards.answers = batch(Shards.answers)  # type: ignore[method-assign]
    return Shards
