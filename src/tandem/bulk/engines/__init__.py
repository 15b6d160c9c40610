"""Engines that run the shards of a bulk job, one file each. An engine only schedules numbers, with retries."""

from collections.abc import Generator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from tandem.bulk.ledger import ShardDone
from tandem.names import BulkEngineName

TRIES = 3
"""How often a shard is tried whose worker ends before the shard is done."""


class BulkEngine(Protocol):
    """Runs shards of a job somewhere. It schedules numbers; the shards' work and their records are files."""

    name: str

    def run(self, job: Path, numbers: Sequence[int], *, workers: int, threads: int) -> Generator[ShardDone, None, None]:
        """Have each shard of the job in this folder done, in any order; yield its record once that is on disk.

        Each worker is a `ShardWorker` in a process of its own with so many threads. Raise TandemError where a shard
        fails again and again, or no worker is left. When the generator is closed, all workers end.
        """


_MODULES: dict[BulkEngineName, tuple[str, str]] = {
    "local": ("local", "LocalEngine"),
    "daft": ("daft_engine", "DaftEngine"),
    "ray": ("ray_engine", "RayEngine"),
}
"""The module and the class of each engine."""


def bulk_engine(name: BulkEngineName) -> BulkEngine:
    """Return the engine of this name."""
    module, cls = _MODULES[name]
    return cast(BulkEngine, getattr(import_module(f"{__name__}.{module}"), cls)())
