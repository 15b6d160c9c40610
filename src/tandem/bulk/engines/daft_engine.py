"""The engine `daft`: a class of Daft whose instances, each in a process of its own, keep their models loaded.

Daft runs it on this machine, or on a Ray cluster where its own setting says so (DAFT_RUNNER=ray). Only numbers travel.
"""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tandem.bulk.bulk_job import BulkJob
from tandem.bulk.engines import TRIES
from tandem.bulk.engines.remote import RemoteWorker, ShardsLeft, first_line, imported
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import ShardDone
from tandem.bulk.log import write_event
from tandem.errors import TandemError
from tandem.processes import end_unless


class DaftEngine:
    """Has shards done by a query of Daft."""

    name = "daft"

    def run(self, job: Path, numbers: Sequence[int], *, workers: int, threads: int) -> Generator[ShardDone, None, None]:
        """See `BulkEngine.run`. A worker that dies ends Daft's query, and another one does the shards that are left.

        Raise TandemError where Daft is not installed, and where `TRIES` queries after each other have no shard done.
        """
        # Daft reports its use to its makers unless told not to, and it draws a bar of its own.
        os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "false")
        os.environ.setdefault("DAFT_PROGRESS_BAR", "0")
        daft = imported("daft")
        shards = ShardsLeft(job, numbers)
        left = dict.fromkeys(numbers)
        failures = 0
        while left:
            try:
                with _answers(daft, job, list(left), workers, threads) as answers:
                    for answer in answers:
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
def _answers(daft: Any, job: Path, numbers: list[int], workers: int, threads: int) -> Iterator[Iterator[str]]:
    """Yield what `RemoteWorker.answer` answers to these numbers, as the answers come. At the end all workers end."""
    gpus = int(BulkJob.read(BulkFolder(job)).options.device == "cuda")
    local = daft.runners.get_or_infer_runner_type() == "native"
    with TemporaryDirectory(prefix="tandem-bulk-") as lease:
        if local:
            # A worker keeps one of Daft's threads busy. Their number can be set once in a process.
            with suppress(daft.exceptions.DaftCoreException):
                daft.set_runner_native(num_threads=workers)
        worker = daft.cls(max_concurrency=workers, use_process=True, gpus=gpus)(_shards_class(daft))
        shards = worker(str(job.absolute()), threads, lease if local else "")
        frame = daft.from_pydict({"number": numbers}).select(shards.answers(daft.col("number")).alias("answer"))
        # In order, a shard would wait for the one before.
        with daft.execution_config_ctx(maintain_order=False), closing(frame.iter_rows()) as rows:
            yield (row["answer"] for row in rows)


def _shards_class(daft: Any) -> type:
    """Return the class whose instances are the workers."""
    batch: Callable[[Any], Any] = daft.method.batch(return_dtype=daft.DataType.string(), batch_size=1)

    class Shards:
        def __init__(self, job: str, threads: int, lease: str) -> None:
            self._worker = RemoteWorker(job, threads)
            if lease:
                driver, file = os.getppid(), Path(lease)
                end_unless(lambda: os.getppid() == driver and file.exists())

        def answers(self, numbers: Any) -> list[str]:
            return [self._worker.answer(number) for number in numbers.to_pylist()]

    Shards.answers = batch(Shards.answers)  # type: ignore[method-assign]
    return Shards
