"""How often the worker of each shard was lost, the same for every engine."""

from collections import Counter
from pathlib import Path

from tandem.bulk.engines import TRIES
from tandem.bulk.log import write_event
from tandem.errors import TandemError


class Losses:
    """Counts the losses of each shard of a job, and writes each to the job's log."""

    def __init__(self, job: Path) -> None:
        self._job = job
        self._counts: Counter[int] = Counter()

    def add(self, number: int, reason: str) -> None:
        """Count that the worker of a shard was lost. Raise TandemError where that happened `TRIES` times."""
        self._counts[number] += 1
        count = self._counts[number]
        write_event(self._job, "worker lost", shard=number, reason=reason, losses=count)
        if count >= TRIES:
            raise TandemError(
                f"{self._job}: shard {number} was tried {count} times, and each time its worker was lost (last reason: "
                f"{reason}). Perhaps memory is short: use fewer --processes or a smaller --batch-size, and give the "
                "same command again"
            )
