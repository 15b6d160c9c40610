"""`tandem bulk`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from tandem.cli.commands import command
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import (
    COMPUTATION,
    OUTPUT,
    EnsembleOptions,
    QuietOption,
    SamplingOptions,
    SearchOptions,
    TextScoreOptions,
)
from tandem.cli.streams import notify
from tandem.names import (
    LARGEST_BEAM,
    LARGEST_COUNT,
    LARGEST_PROCESSES,
    BulkEngineName,
    BulkFormatName,
    BulkOnError,
    BulkTask,
)

if TYPE_CHECKING:
    from tandem.bulk import BulkRequest, BulkStatus, Manifest

BulkModelsArgument: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="MODEL...", help="The directory of a run, a checkpoint or an export. Several make an ensemble."
    ),
]


@dataclass(frozen=True)
class JobOptions(OptionGroup):
    """What is read and what is done with it."""

    panel = "The job"

    inputs: list[str] | None = option(
        None,
        "--input",
        "-i",
        metavar="FILES",
        help="A file, or a pattern: 'news.*.gz'. May be repeated.",
    )
    task: BulkTask = option(
        "translate",
        help="Translate texts, score pairs, or translate and score pairs and measure the model on them.",
    )
    format: BulkFormatName = option(
        "auto", help="The form of the inputs. auto: by their names, .tsv, .jsonl, .parquet; others are a text per line."
    )
    columns: str | None = option(
        None,
        metavar="SOURCE[,TARGET]",
        help="The columns to read, by number from 1 or by name. Default: the first ones; source,target.",
    )
    prefix: str = option("", metavar="TEXT", help="The text that every translation begins with.")
    on_error: BulkOnError = option(
        "record", help="For a line that cannot be translated: write it to errors/ and leave its output empty, or stop."
    )


@dataclass(frozen=True)
class ResultOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    output: Path | None = option(
        None, "--output", "-o", metavar="DIR", help="The folder of the job; the results are in DIR/output."
    )
    status: Path | None = option(
        None, "--status", metavar="DIR", help="Print how far the job in DIR has come, and do nothing else."
    )
    to: str = option(
        "", metavar="NAME", help="The name of the column that is added. Default: translation, or log_probability."
    )
    n_best: int = option(
        1, metavar="N", min=1, max=LARGEST_BEAM, help="Write the N best of each text, as Moses lines or with --json."
    )
    as_json: bool = option(
        False, "--json", help="Write one JSON object per line of text; with --status and --task evaluate, print JSON."
    )
    quiet: QuietOption = False


@dataclass(frozen=True)
class WorkerOptions(OptionGroup):
    """Who does the work."""

    panel = COMPUTATION

    engine: BulkEngineName = option(
        "local",
        help="What runs the shards: local uses processes on this machine; daft or ray (extras), a cluster, too.",
    )
    processes: int | None = option(
        None, min=1, max=LARGEST_PROCESSES, help="Workers, which share the cores. Default: one per core; one for a GPU."
    )
    shard_lines: int | None = option(
        None, min=1, max=LARGEST_COUNT, help="The most lines of a shard. Default: what takes a worker about a minute."
    )


@command
def bulk_command(
    models: BulkModelsArgument = None,
    *,
    given: JobOptions,
    wanted: ResultOptions,
    search: SearchOptions,
    sampling: SamplingOptions,
    scoring: TextScoreOptions,
    model: EnsembleOptions,
    beside: WorkerOptions,
) -> None:
    """Translate any number of files as one job, which may be killed at any time: the same command finishes it.

    - `tandem bulk runs/mine-onnx --input 'news.*.gz' --output OUT`
    - `tandem bulk --status OUT`: how far it is, from any machine that sees the folder
    - `tandem bulk runs/mine-onnx --input corpus.jsonl --columns de --to en --output OUT`: adds a field
    - `tandem bulk runs/mine-onnx --input pairs.tsv --task score --output OUT`: adds log-probabilities
    - `tandem bulk runs/mine-onnx --input test.tsv --task evaluate --output OUT`: BLEU, chrF and more

    The files are cut into shards, each of which is done exactly once, by workers that are restarted if they die. Each
    input has an output of its own name and form in OUT/output; lines without a translation are listed in OUT/errors.
    """
    if wanted.status is not None:
        from tandem.bulk import read_status

        show_status(read_status(wanted.status), as_json=wanted.as_json)
        return
    if not models or not given.inputs or wanted.output is None:
        missing = "MODEL" if not models else "--input" if not given.inputs else "--output"
        raise typer.BadParameter("give a model, the files to read and a folder for the job", param_hint=missing)
    from tandem.bulk import BulkRequest
    from tandem.hub.fetching import local_model

    several = wanted.n_best > 1 or (sampling.sample or 1) > 1
    request = BulkRequest(
        models=[local_model(path) for path in models],
        inputs=given.inputs,
        output=wanted.output,
        task=given.task,
        search={**search.chosen(sampling), "n_best": wanted.n_best},
        form="json" if wanted.as_json and given.task == "translate" else "n-best" if several else "plain",
        prefix=given.prefix,
        format=given.format,
        columns=tuple(given.columns.split(",")) if given.columns else (),
        to=wanted.to,
        on_error=given.on_error,
        engine=beside.engine,
        workers=beside.processes,
        shard_lines=beside.shard_lines,
        **asdict(model),
    )
    manifest = run_with_progress(request, quiet=wanted.quiet)
    if not wanted.quiet:
        notify(summary(request, manifest))
    if given.task == "evaluate":
        show_scores(wanted, scoring)


def show_scores(wanted: ResultOptions, scoring: TextScoreOptions) -> None:
    """Measure what a job translated, and print its scores."""
    from tandem.cli.notices import progress_bar
    from tandem.cli.show import show_evaluation
    from tandem.runs.bulk_evaluation import evaluate_bulk

    assert wanted.output is not None
    with progress_bar(quiet=wanted.quiet, seconds=30) as bar:
        found = evaluate_bulk(wanted.output, **asdict(scoring), on_progress=bar)
    for note in found.evaluation.notes:
        notify(note)
    show_evaluation(found.evaluation, found.dropped, as_json=wanted.as_json)


def run_with_progress(request: "BulkRequest", *, quiet: bool) -> "Manifest":
    """Do a job and show how far it is. Where it is stopped, say how it goes on."""
    from tandem.bulk import run_bulk
    from tandem.cli.notices import progress_bar
    from tandem.cli.output import terminated_like_interrupted

    try:
        with terminated_like_interrupted(), progress_bar(quiet=quiet) as bar:
            return run_bulk(request, notify=notify, on_progress=bar)
    except (KeyboardInterrupt, SystemExit):
        notify(f"stopped. What is done is in {request.output}; the same command goes on from there")
        raise


def summary(request: "BulkRequest", manifest: "Manifest") -> str:
    """Return a sentence about a finished job."""
    from tandem.terminal import counted

    lines, files = counted(manifest.lines, "line"), counted(len(manifest.outputs), "file")
    words = f"{lines} of {files}: done, in {request.output / 'output'}"
    if manifest.faults:
        words += f"; {counted(manifest.faults, 'line')} could not be translated: see {request.output / 'errors'}"
    if manifest.at_limit:
        words += f"; {counted(manifest.at_limit, 'output')} ended at the length limit, so ends may be missing"
    return words


def show_status(status: "BulkStatus", *, as_json: bool) -> None:
    """Print how far a job has come."""
    from datetime import timedelta

    from tandem.cli.streams import print_json
    from tandem.console import PrintableConsole, show_text

    if as_json:
        print_json(asdict(status))
        return
    console = PrintableConsole()
    share = f" ({status.lines_done / status.lines:.1%})" if status.lines else ""
    show_text(console, f"{status.folder}: {status.task}, {'complete' if status.complete else 'not complete'}")
    show_text(console, f"lines    {status.lines_done:,} of {status.lines:,}{share}, {status.faults:,} not translated")
    show_text(console, f"shards   {status.shards_done:,} of {status.shards:,}, of {status.inputs:,} input files")
    show_text(console, f"workers  {timedelta(seconds=round(status.worker_seconds))} together")
    if status.lines_per_second and status.seconds_left is not None:
        left = timedelta(seconds=round(status.seconds_left))
        show_text(console, f"speed    {status.lines_per_second:,.1f} lines/s, {left} left")
    if status.idle_seconds is not None and not status.complete:
        show_text(console, f"last     a shard was done {timedelta(seconds=round(status.idle_seconds))} ago")
