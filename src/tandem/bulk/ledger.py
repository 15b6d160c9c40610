"""The ledger of a bulk job: one small sealed record for each finished shard. A shard is done if its record fits it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tandem.bulk.folder import BulkFolder
from tandem.errors import CheckpointError
from tandem.files.atomic import written_aside
from tandem.files.paths import sha256_of
from tandem.files.seals import FORMAT, read_sealed, sealed


@dataclass(frozen=True)
class ShardDone:
    """The record of a finished shard."""

    number: int
    file: str
    """The name of its output in the folder `shards`."""
    lines: int
    """The lines that were read, those that could not be translated included."""
    faults: int
    """The lines that could not be translated, each of which is in the shard's file of errors."""
    at_limit: int
    """The outputs that ended at the length limit."""
    size: int
    """The bytes of its output."""
    digest: str
    """The SHA-256 of its output."""
    seconds: float
    """How long a worker took."""
    cpu_seconds: float
    """What it took of the processor's time, all threads of the worker together."""
    ended: float
    """When it was done, in seconds since 1970."""


class Ledger:
    """The records in the folder of a job."""

    def __init__(self, folder: BulkFolder) -> None:
        """Read and write the records of this folder."""
        self.folder = folder

    def record(self, number: int, *, complete: bool = False) -> ShardDone | None:
        """Return the record of a shard; None where there is none that fits the shard's output.

        Of a `complete` job, whose shards are joined, the record alone is read.
        """
        try:
            done = ShardDone(**_without_format(read_sealed(self.folder.record(number))))
            fits = done.number == number and Path(done.file).name == done.file
            if fits and not complete:
                fits = (self.folder.path / "shards" / done.file).stat().st_size == done.size
                fits = fits and self.folder.errors(number).exists() == (done.faults > 0)
        except (CheckpointError, OSError, TypeError):  # missing, cut short or another version's: the shard is done anew
            return None
        return done if fits else None

    def write(self, done: ShardDone) -> None:
        """Write the record of a shard whose files are on disk. Raise NotWrittenError where that is impossible."""
        with written_aside(self.folder.record(done.number)) as path:
            path.write_text(sealed({"format": FORMAT, **asdict(done)}), encoding="utf-8", newline="\n")

    def drop(self, number: int) -> None:
        """Remove a record, so that its shard is done anew."""
        self.folder.record(number).unlink(missing_ok=True)

    def measured(self, number: int, file: str, **counts: Any) -> ShardDone:
        """Return the record of a shard whose output is in its place, with its size and sum."""
        path = self.folder.path / "shards" / file
        return ShardDone(number=number, file=file, size=path.stat().st_size, digest=sha256_of(path), **counts)


def _without_format(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in ("format", "sha256")}
