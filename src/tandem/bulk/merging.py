"""The end of a bulk job: each shard is checked once more, and those of an input become one file."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Self

from tandem.bulk.bulk_job import BulkJob, Cut
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import Ledger, ShardDone
from tandem.bulk.shard_worker import output_format
from tandem.errors import CheckpointError, OutputError
from tandem.files.atomic import written_aside
from tandem.files.paths import sha256_of
from tandem.files.seals import FORMAT, read_sealed, sealed
from tandem.terminal import OnProgress

_MOST_JSON = 2**28


@dataclass(frozen=True)
class BulkOutput:
    """A finished output."""

    file: str
    """Its path in the folder of outputs."""
    lines: int
    """The lines of its input."""
    faults: int
    """The lines of its input that could not be translated."""
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The finished outputs of a job."""

    outputs: tuple[BulkOutput, ...]
    at_limit: int
    """The outputs that ended at the length limit."""
    seconds: float
    """What all workers took together."""

    @property
    def lines(self) -> int:
        """The lines of all inputs."""
        return sum(output.lines for output in self.outputs)

    @property
    def faults(self) -> int:
        """The lines that could not be translated."""
        return sum(output.faults for output in self.outputs)

    def write(self, folder: BulkFolder) -> None:
        """Write the manifest, flushed, in one step."""
        with written_aside(folder.manifest) as path:
            path.write_text(sealed({"format": FORMAT, **asdict(self)}), encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, folder: BulkFolder) -> Self | None:
        """Read the manifest of a folder; None where the job is not complete. Raise OutputError where it is damaged."""
        if not folder.manifest.exists():
            return None
        try:
            content = read_sealed(folder.manifest, _MOST_JSON)
            outputs = tuple(BulkOutput(**output) for output in content["outputs"])
            return cls(outputs, content["at_limit"], content["seconds"])
        except (CheckpointError, KeyError, TypeError) as error:
            raise OutputError(
                f"{folder.manifest}: damaged ({error}). Remove it, and give the same command again"
            ) from error

    def check(self, folder: BulkFolder) -> None:
        """Raise OutputError where an output is gone or has another size."""
        for output in self.outputs:
            path = folder.output / output.file
            if not path.is_file() or path.stat().st_size != output.size:
                raise OutputError(
                    f"{path}: is missing, or was changed since it was written. Remove {folder.path}, and give the same "
                    "command again"
                )


def damaged_shards(folder: BulkFolder, ledger: Ledger, numbers: range, on_progress: OnProgress) -> Iterator[int]:
    """Read the output of each shard, and yield the numbers of those that are not what their records say."""
    for number in numbers:
        done = ledger.record(number)
        if done is None or sha256_of(folder.path / "shards" / done.file) != done.digest:
            yield number
        on_progress("checking the shards", number + 1, len(numbers))


def merge(folder: BulkFolder, job: BulkJob, cut: Cut, ledger: Ledger, on_progress: OnProgress) -> Manifest:
    """Join the shards of each input to one file, flushed, in the order of their lines; the manifest is written last."""
    outputs = []
    every: list[ShardDone] = []
    for number, source in enumerate(job.inputs):
        done = [_known(ledger, shard) for shard in cut.of_input(number)]
        path = folder.output / source.output
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as part:
            output_format(job, number).join([folder.path / "shards" / each.file for each in done], part)
        outputs.append(
            BulkOutput(
                source.output, source.lines, sum(each.faults for each in done), path.stat().st_size, sha256_of(path)
            )
        )
        every += done
        on_progress("joining the shards", number + 1, len(job.inputs))
    manifest = Manifest(
        tuple(outputs), sum(each.at_limit for each in every), round(sum(each.seconds for each in every), 3)
    )
    manifest.write(folder)
    return manifest


def remove_shards(folder: BulkFolder) -> None:
    """Remove what the outputs hold now, and the copies of inputs. The ledger and the files of errors stay."""
    folder.empty("shards")
    folder.empty("inputs")


def _known(ledger: Ledger, number: int) -> ShardDone:
    done = ledger.record(number)
    if done is None:
        raise OutputError(
            f"{ledger.folder.path}: shard {number} was changed while shards were joined. Give the same command again"
        )
    return done
