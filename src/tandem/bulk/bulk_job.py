"""What a bulk job is: its inputs, its models, its options and its cut into shards, as a sealed file in its folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from tandem.bulk.folder import BulkFolder
from tandem.errors import CheckpointError, OutputError
from tandem.files.atomic import written_aside
from tandem.files.paths import sha256_of
from tandem.files.seals import FORMAT, read_sealed, sealed
from tandem.names import Averaging, BulkFormatName, BulkOnError, BulkTask, Device, Precision

_MOST_JSON = 2**28
"""The largest size of a job's description: room for some hundred thousand inputs."""
_CUT = np.dtype(
    [("input", "<i4"), ("first", "<i8"), ("lines", "<i8"), ("start", "<i8"), ("end", "<i8"), ("crc", "<u4")]
)


class Shard(NamedTuple):
    """A part of an input."""

    input: int
    """The number of the input."""
    first: int
    """The number of its first line in the input, counted from 0."""
    lines: int
    start: int
    """Where it begins in the file that is read: a byte, or the number of a row group."""
    end: int
    crc: int
    """The CRC-32 of its bytes; 0 for row groups."""


@dataclass(frozen=True)
class BulkInput:
    """A file that is read, and what becomes of it."""

    path: str
    output: str
    """The path of its output, relative to the folder of outputs."""
    format: BulkFormatName
    packing: str | None
    """The name of its compression, which its output has, too."""
    size: int
    changed: int
    """When it was last changed, in nanoseconds."""
    sha256: str
    """The SHA-256 of its bytes."""
    lines: int
    header: bool
    """Whether its first line names the columns."""
    columns: tuple[int | str, ...]
    """The columns that are read: indices from 0, or names."""
    to: str
    """The name of the column that is added."""
    recut: bool
    """Whether workers read a copy of it in the job's folder, since it cannot be read from the middle."""


@dataclass(frozen=True)
class BulkModel:
    """A model: the directory of its checkpoint or export, and the SHA-256 of its description."""

    path: str
    sha256: str


@dataclass(frozen=True)
class BulkOptions:
    """Everything else that the outputs depend on."""

    task: BulkTask
    settings: dict[str, Any]
    """The search, as `dataclasses.asdict` gives it."""
    form: str
    """The name of the form that translations of plain text are written in."""
    prefix: str
    columns: tuple[str, ...]
    """The columns that are read: of the source and, where pairs are read, of the target. Empty for the usual ones."""
    to: str
    """The name of the column that is added."""
    on_error: BulkOnError
    device: Device
    precision: Precision
    averaging: Averaging


@dataclass(frozen=True)
class BulkJob:
    """The description of a job."""

    inputs: tuple[BulkInput, ...]
    models: tuple[BulkModel, ...]
    options: BulkOptions
    shard_lines: int
    """The most lines of a shard."""
    shards: int
    cut: str
    """The SHA-256 of the file of the cut."""

    @property
    def lines(self) -> int:
        """The lines of all inputs."""
        return sum(each.lines for each in self.inputs)

    def write(self, folder: BulkFolder) -> None:
        """Write the description, flushed, in one step."""
        with written_aside(folder.job) as path:
            path.write_text(sealed({"format": FORMAT, **asdict(self)}), encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, folder: BulkFolder) -> Self:
        """Read the description in a folder. Raise OutputError where it is damaged or of another version."""
        try:
            content = read_sealed(folder.job, _MOST_JSON)
            return cls(
                tuple(BulkInput(**{**each, "columns": tuple(each["columns"])}) for each in content["inputs"]),
                tuple(BulkModel(**each) for each in content["models"]),
                BulkOptions(**{**content["options"], "columns": tuple(content["options"]["columns"])}),
                *(content[name] for name in ("shard_lines", "shards", "cut")),
            )
        except (CheckpointError, KeyError, TypeError) as error:
            raise OutputError(
                f"{folder.job}: this describes no job that this Tandem knows ({error}). Write to another folder, or "
                f"remove {folder.path}"
            ) from error


def write_cut(folder: BulkFolder, shards: Sequence[Shard]) -> str:
    """Write where shards begin and end, flushed; return the SHA-256 of the file."""
    with written_aside(folder.cut) as path, path.open("wb") as file:
        np.save(file, np.array([tuple(shard) for shard in shards], _CUT), allow_pickle=False)
    return sha256_of(folder.cut)


class Cut:
    """The shards of a job, which are read from its folder when they are asked for."""

    def __init__(self, folder: BulkFolder, job: BulkJob) -> None:
        """Open the file of the cut. Raise OutputError where it is damaged."""
        damage = f"{folder.cut}: damaged or missing. Remove {folder.path} to begin anew"
        try:
            if sha256_of(folder.cut) != job.cut:
                raise OutputError(damage)
            self._rows = np.load(folder.cut, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise OutputError(damage) from error

    def __len__(self) -> int:
        """Return the number of shards."""
        return len(self._rows)

    def __getitem__(self, number: int) -> Shard:
        """Return the shard of this number."""
        return Shard(*self._rows[number].item())

    def of_input(self, number: int) -> range:
        """Return the numbers of an input's shards, in the order of its lines."""
        inputs = self._rows["input"]
        return range(int(np.searchsorted(inputs, number)), int(np.searchsorted(inputs, number, side="right")))


def description_of(checkpoint: Path) -> BulkModel:
    """Return what tells a model from others."""
    from tandem.files.seals import FORMAT_FILE

    content = (checkpoint / FORMAT_FILE).read_bytes()
    return BulkModel(str(checkpoint.absolute()), hashlib.sha256(content).hexdigest())
