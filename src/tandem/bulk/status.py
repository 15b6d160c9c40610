"""How far a bulk job has come: read from its folder alone, while it runs and from another machine, too."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.bulk.bulk_job import BulkJob
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import Ledger, ShardDone
from tandem.errors import OutputError

_RECENT = 50
"""The last finished shards, from whose times the speed is worked out."""


@dataclass(frozen=True)
class BulkStatus:
    """How far a job has come."""

    folder: str
    task: str
    complete: bool
    """Whether the outputs are joined and listed in the manifest."""
    inputs: int
    lines: int
    lines_done: int
    shards: int
    shards_done: int
    faults: int
    """The lines that could not be translated, so far."""
    worker_seconds: float
    """What all workers took together for the shards that are done."""
    lines_per_second: float | None
    """The speed over the last shards; None while there are fewer than two."""
    seconds_left: float | None
    """How long the rest takes at this speed; None where that is not known."""
    idle_seconds: float | None
    """How long ago the last shard was done; None where none is."""


def read_status(path: Path) -> BulkStatus:
    """Read how far the job in a folder has come. Raise OutputError where there is none."""
    folder = BulkFolder(path)
    if not folder.job.exists():
        raise OutputError(f"{path}: there is no bulk job, or one whose inputs are still being read ({folder.job.name})")
    job, ledger = BulkJob.read(folder), Ledger(folder)
    complete = folder.manifest.exists()
    records = (ledger.record(number, complete=complete) for number in folder.records())
    done = sorted((each for each in records if each is not None), key=lambda each: each.ended)
    lines = sum(each.lines for each in done)
    speed = None if complete else _speed(done[-_RECENT:])
    return BulkStatus(
        folder=str(path),
        task=job.options.task,
        complete=complete,
        inputs=len(job.inputs),
        lines=job.lines,
        lines_done=lines,
        shards=job.shards,
        shards_done=len(done),
        faults=sum(each.faults for each in done),
        worker_seconds=round(sum(each.seconds for each in done), 1),
        lines_per_second=speed and round(speed, 1),
        seconds_left=round((job.lines - lines) / speed, 1) if speed else None,
        idle_seconds=round(max(0.0, time.time() - done[-1].ended), 1) if done else None,
    )


def _speed(done: Sequence[ShardDone]) -> float | None:
    """Return the lines a second between the first and the last of these shards."""
    if len(done) < 2 or done[-1].ended <= done[0].ended:
        return None
    return sum(each.lines for each in done[1:]) / (done[-1].ended - done[0].ended)
