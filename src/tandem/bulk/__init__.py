"""Large jobs, which can be stopped and resumed: a file, or any number of files cut into shards.

Importing this package loads no torch.
"""

from typing import TYPE_CHECKING

from tandem.lazy import names_of

if TYPE_CHECKING:
    from tandem.bulk.merging import BulkOutput, Manifest
    from tandem.bulk.running import BulkRequest, run_bulk
    from tandem.bulk.shard_worker import ShardWorker
    from tandem.bulk.status import BulkStatus, read_status

__all__ = ["BulkOutput", "BulkRequest", "BulkStatus", "Manifest", "ShardWorker", "read_status", "run_bulk"]

__getattr__ = names_of(
    __name__,
    {
        "merging": ("BulkOutput", "Manifest"),
        "running": ("BulkRequest", "run_bulk"),
        "shard_worker": ("ShardWorker",),
        "status": ("BulkStatus", "read_status"),
    },
)
