"""A worker of a bulk job: it loads the models once, and does one shard after another."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tandem.bulk.bulk_job import BulkInput, BulkJob, Cut, Shard, description_of
from tandem.bulk.folder import BulkFolder
from tandem.bulk.formats import FORMATS, BulkFormat, BulkRow, Result
from tandem.bulk.ledger import Ledger, ShardDone
from tandem.bulk.tasks import TASKS, Outcome
from tandem.errors import CheckpointError, CorpusError
from tandem.files.atomic import written_aside
from tandem.translation.forms import json_line
from tandem.translation.settings import SearchSettings

if TYPE_CHECKING:
    from tandem.translation.translator import Translator

_MOST_CHARACTERS = 2**25
"""Characters of texts after which a window ends, however few its lines: they may be long."""


class ShardWorker:
    """Does shards of a job, the same for every engine. It needs the job's folder, the inputs and the models alone."""

    def __init__(self, job: Path, *, threads: int) -> None:
        """Read the job in this folder, and load its models, which compute with so many threads.

        Raise TandemError where the job or a model is damaged, or a model was changed since the job began.
        """
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
        self.folder = BulkFolder(job)
        self.job = BulkJob.read(self.folder)
        self.cut = Cut(self.folder, self.job)
        self._ledger = Ledger(self.folder)
        self._task = TASKS[self.job.options.task]
        self._window = SearchSettings.restored(self.job.options.settings).window
        self._translator = load_models(self.job, threads)

    def run(self, number: int) -> ShardDone:
        """Do a shard: its output, its file of errors and its record are on disk at the end.

        A shard that is done already is left as it is. Raise TandemError where the input was changed, what is written
        finds no room, or a line cannot be translated and the job is to stop there.
        """
        if (done := self._ledger.record(number)) is not None:
            return done
        shard = self.cut[number]
        source = self.job.inputs[shard.input]
        started, cpu = time.monotonic(), time.process_time()
        file = f"{number:08d}{shard_ending(source)}"
        output = self.folder.path / "shards" / file
        lines = at_limit = 0
        faults: list[bytes] = []
        form = output_format(self.job, shard.input)
        with (
            written_aside(output) as path,
            form.writer(source, shard, path, source.to, self._task.value) as write,
        ):
            for rows in self._windows(shard):
                outcome = self._outcome(rows)
                write(rows, outcome.results)
                faults += self._errors(source.path, rows, outcome.faults)
                at_limit += outcome.at_limit
                lines += len(rows)
        if faults:
            with written_aside(self.folder.errors(number)) as path:
                path.write_bytes(b"".join(faults))
        else:
            self.folder.errors(number).unlink(missing_ok=True)
        done = self._ledger.measured(
            number,
            file,
            lines=lines,
            faults=len(faults),
            at_limit=at_limit,
            seconds=round(time.monotonic() - started, 3),
            cpu_seconds=round(time.process_time() - cpu, 3),
            ended=round(time.time(), 3),
        )
        self._ledger.write(done)
        return done

    def _windows(self, shard: Shard) -> Iterator[list[BulkRow]]:
        """Yield the rows of a shard in windows whose bounds do not depend on the shard's, so its size changes nothing.

        The lines of a window are translated together, and floats are added up in another order in another batch.
        """
        source = self.job.inputs[shard.input]
        path = self.folder.recut(shard.input, recut_ending(source)) if source.recut else Path(source.path)
        window: list[BulkRow] = []
        characters = 0
        for row in FORMATS[source.format].rows(source, shard, path):
            full = characters > _MOST_CHARACTERS or row.number % self._window == 0
            if window and full:
                yield window
                window, characters = [], 0
            window.append(row)
            characters += sum(map(len, row.texts))
        if window:
            yield window

    def _outcome(self, rows: list[BulkRow]) -> Outcome:
        """Return what becomes of the rows of a window, of which the first may be a header."""
        if rows[0].texts:
            return self._task.run(self._translator, self.job.options, rows)
        header = Result(None, b"")
        if len(rows) == 1:
            return Outcome([header], [""], 0)
        results, faults, at_limit = self._task.run(self._translator, self.job.options, rows[1:])
        return Outcome([header, *results], ["", *faults], at_limit)

    def _errors(self, where: str, rows: list[BulkRow], faults: list[str]) -> Iterator[bytes]:
        """Yield a line for each fault of a row. Raise CorpusError where the job is to stop at the first."""
        for row, fault in zip(rows, faults, strict=True):
            if fault and self.job.options.on_error == "stop":
                raise CorpusError(f"{where} line {row.number + 1}: {fault}")
            if fault:
                yield json_line({"file": where, "line": row.number + 1, "reason": fault})


def load_models(job: BulkJob, threads: int) -> "Translator":
    """Load the models of a job. Raise CheckpointError where one was changed since the job began."""
    from tandem.model_paths import is_export
    from tandem.translation import load

    options = job.options
    paths = [Path(model.path) for model in job.models]
    if not is_export(paths[0]):
        import torch

        torch.set_num_threads(threads)
    translator = load(
        paths, device=options.device, precision=options.precision, averaging=options.averaging, threads=threads
    )
    for model in job.models:
        if description_of(Path(model.path)) != model:
            raise CheckpointError(
                f"{model.path}: was changed since the job began. Bring back the model as it was, or begin anew in "
                "another folder"
            )
    return translator


def output_format(job: BulkJob, number: int) -> BulkFormat:
    """Return the form of what is written for an input."""
    return FORMATS["text" if TASKS[job.options.task].lines_alone else job.inputs[number].format]


def shard_ending(source: BulkInput) -> str:
    """Return the ending of the names of an input's shards: that of its output."""
    suffixes = Path(source.output).suffixes
    return "".join(suffixes[-2:]) if source.packing else "".join(suffixes[-1:])


def recut_ending(source: BulkInput) -> str:
    """Return the ending of the name of an input's copy."""
    return ".parquet" if source.format == "parquet" else ".gz"
