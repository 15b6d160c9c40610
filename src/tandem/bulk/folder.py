"""The folder of a bulk job: where each of its files is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tandem.files.atomic import ASIDE


@dataclass(frozen=True)
class BulkFolder:
    """The paths inside the folder that `--output` names. Numbers of shards and inputs count from 0."""

    path: Path

    @property
    def job(self) -> Path:
        """The sealed description of the job."""
        return self.path / "job.json"

    @property
    def cut(self) -> Path:
        """Where each shard begins and ends in its input."""
        return self.path / "cut.npy"

    @property
    def lock(self) -> Path:
        """The file whose lock keeps a second driver away."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """What happened, one JSON object a line."""
        return self.path / "log.jsonl"

    @property
    def manifest(self) -> Path:
        """The sealed list of the finished outputs. The job is complete when this file exists."""
        return self.path / "manifest.json"

    @property
    def output(self) -> Path:
        """The folder of the finished outputs, one for each input."""
        return self.path / "output"

    def recut(self, number: int, ending: str) -> Path:
        """Return the copy of an input that can be read from the middle."""
        return self.path / "inputs" / f"{number:08d}{ending}"

    def shard(self, number: int, ending: str) -> Path:
        """Return the output of a shard."""
        return self.path / "shards" / f"{number:08d}{ending}"

    def record(self, number: int) -> Path:
        """Return the record of a finished shard in the ledger."""
        return self.path / "ledger" / f"{number:08d}.json"

    def errors(self, number: int) -> Path:
        """Return the file of a shard's lines that could not be translated. It exists only if there are such lines."""
        return self.path / "errors" / f"{number:08d}.jsonl"

    def make(self) -> None:
        """Make the folders that workers write into."""
        for name in ("shards", "ledger", "errors"):
            (self.path / name).mkdir(parents=True, exist_ok=True)

    def records(self) -> Iterator[int]:
        """Yield the numbers of the records in the ledger, in no order."""
        folder = self.path / "ledger"
        if folder.is_dir():
            for entry in folder.iterdir():
                if entry.suffix == ".json" and entry.stem.isdecimal():
                    yield int(entry.stem)

    def remove_parts(self) -> None:
        """Remove what killed workers left half-written."""
        for entry in self.path.rglob(f"*{ASIDE}"):
            entry.unlink(missing_ok=True)

    def empty(self, name: str) -> None:
        """Remove a folder of files with a number for a name."""
        folder = self.path / name
        if folder.is_dir() and not folder.is_symlink():
            for entry in folder.iterdir():
                if entry.name[:8].isdecimal():
                    entry.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
