"""The driver of a bulk job: it finds what is left to do, has an engine do it, and joins the results."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tandem.bulk.bulk_job import BulkJob, BulkModel, BulkOptions, Cut, description_of
from tandem.bulk.engines import bulk_engine
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import Ledger
from tandem.bulk.log import write_event
from tandem.bulk.merging import Manifest, damaged_shards, merge, remove_shards
from tandem.bulk.planning import choose_shard_lines, cut_inputs, describe_inputs, difference, find_inputs
from tandem.bulk.tasks import TASKS
from tandem.errors import ArgumentError, OutputError, RecipeError
from tandem.files.atomic import ASIDE, writing
from tandem.files.locks import Held, lock
from tandem.model_paths import is_export, read_models
from tandem.names import (
    Averaging,
    BulkEngineName,
    BulkFormatName,
    BulkOnError,
    BulkTask,
    Device,
    Precision,
)
from tandem.processes import cores
from tandem.terminal import Notify, OnProgress
from tandem.translation.forms import FORMS
from tandem.translation.settings import SearchOptions

if TYPE_CHECKING:
    from tandem.translation.translator import Translator

_ROUNDS = 3
"""How often shards are done anew whose outputs turn out to be damaged when they are joined."""


@dataclass(frozen=True)
class BulkRequest:
    """What is asked of a bulk job. Defaults are those of `tandem bulk`."""

    models: Sequence[Path]
    inputs: Sequence[str]
    """Files, and patterns such as "news.*.gz"."""
    output: Path
    """The folder of the job."""
    task: BulkTask = "translate"
    search: SearchOptions = field(default_factory=SearchOptions)
    """The options of the search, as `Translator.search_settings` takes them."""
    form: str = "plain"
    """The form that translations of plain text are written in: "plain", "n-best" or "json"."""
    prefix: str = ""
    format: BulkFormatName = "auto"
    columns: tuple[str, ...] = ()
    to: str = ""
    on_error: BulkOnError = "record"
    engine: BulkEngineName = "local"
    workers: int | None = None
    shard_lines: int | None = None
    device: Device = "auto"
    precision: Precision = "float32"
    averaging: Averaging = "arithmetic"


def run_bulk(
    request: BulkRequest,
    *,
    notify: Notify = lambda _: None,
    on_progress: OnProgress = lambda *_: None,
) -> Manifest:
    """Do a job, or what is left of it. It may be killed at any time: the same call finishes it, to the same bytes.

    Raise OutputError where the folder holds another job, or another process works on it; CorpusError where an input
    cannot be read; TandemError where shards fail again and again.
    """
    paths = find_inputs(request.inputs)
    folder = BulkFolder(request.output.absolute())
    with _locked(folder, notify):
        job, manifest = _begun(request, paths, folder, on_progress)
        if manifest is None:
            manifest = _finish(request, job, folder, on_progress)
        remove_shards(folder)
    return manifest


@contextmanager
def _locked(folder: BulkFolder, notify: Notify) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is missing. OutputError where another process holds it."""
    with writing(folder.path):
        folder.path.mkdir(parents=True, exist_ok=True)
    known = {folder.job.name, folder.lock.name, folder.cut.name, folder.log.name, "inputs"}
    strange = sorted(e.name for e in folder.path.iterdir() if e.name not in known and not e.name.endswith(ASIDE))
    if strange and not folder.job.exists():
        raise OutputError(f"{folder.path}: holds {strange[0]} and no bulk job. Name a new folder")
    try:
        with lock(folder.lock, notify, temporary=True):
            yield
    except Held:
        raise OutputError(f"{folder.path}: another process works on this job. Wait for it, or end it") from None
    finally:
        with suppress(OSError):  # it holds a job, or another process has it
            folder.path.rmdir()


def _begun(
    request: BulkRequest, paths: Sequence[Path], folder: BulkFolder, on_progress: OnProgress
) -> tuple[BulkJob, Manifest | None]:
    """Return the job of a folder, which is begun where there is none, and its manifest where it is complete."""
    on_progress("loading the model", 0, None)
    translator, models = _load(request)
    options = _options(request, translator)
    inputs = describe_inputs(paths, options, request.format)
    if folder.job.exists():
        job = BulkJob.read(folder)
        if what := difference(job, inputs, models, options, request.shard_lines):
            raise OutputError(
                f"{folder.path}: this job was begun with {what}. Give the same again, or write to another folder"
            )
        manifest = Manifest.read(folder)
        if manifest is not None:
            manifest.check(folder)
        return job, manifest
    lines = request.shard_lines or choose_shard_lines(translator, inputs, options, workers_of(request))
    job = cut_inputs(folder, inputs, models, options, lines, on_progress)
    write_event(folder.path, "begun", inputs=len(job.inputs), lines=job.lines, shards=job.shards, shard_lines=lines)
    return job, None


def _load(request: BulkRequest) -> "tuple[Translator, tuple[BulkModel, ...]]":
    from tandem.translation import load

    device, precision, averaging = request.device, request.precision, request.averaging
    return read_models(
        request.models,
        lambda checkpoints: (
            load(checkpoints, device=device, precision=precision, averaging=averaging),
            tuple(map(description_of, checkpoints)),
        ),
    )


def _options(request: BulkRequest, translator: "Translator") -> BulkOptions:
    """Return the options of a job. Raise RecipeError where they do not fit together."""
    if request.form not in FORMS:
        raise ArgumentError(f"form is {request.form!r}, but must be one of {', '.join(map(repr, FORMS))}")
    try:
        settings = translator.search_settings(**request.search)
    except ValueError as error:
        raise RecipeError(str(error)) from error
    if request.form == "plain" and settings.several:
        raise RecipeError("several outputs of a text need a form that holds them: n-best lines or JSON (--json)")
    if request.task != "translate" and (request.form != "plain" or settings.several):
        raise RecipeError("n-best lists and JSON are for translations: leave them out, or leave out --task")
    return BulkOptions(
        task=request.task,
        settings=asdict(settings),
        form=request.form,
        prefix=request.prefix,
        columns=tuple(request.columns),
        to=request.to or TASKS[request.task].to,
        on_error=request.on_error,
        device=request.device,
        precision=request.precision,
        averaging=request.averaging,
    )


def workers_of(request: BulkRequest) -> int:
    """Return how many workers do a job: one a core, unless said otherwise; one for a model on a GPU."""
    if request.workers is not None:
        return request.workers
    on_cpu = request.device == "cpu" or is_export(request.models[0])
    if not on_cpu:
        from tandem.devices import choose_device

        on_cpu = choose_device(request.device).type == "cpu"
    return cores() if on_cpu else 1


def _finish(request: BulkRequest, job: BulkJob, folder: BulkFolder, on_progress: OnProgress) -> Manifest:
    """Have everything done that is left, and join it. Raise OutputError where outputs are damaged again and again."""
    cut, ledger = Cut(folder, job), Ledger(folder)
    folder.make()
    folder.remove_parts()
    done = {number: ledger.record(number) for number in folder.records()}
    missing = [number for number in range(job.shards) if done.get(number) is None]
    lines = job.lines - sum(cut[number].lines for number in missing)
    for _ in range(_ROUNDS):
        if missing:
            _have_done(request, folder, missing, _progress(on_progress, lines, job.lines))
        missing = list(damaged_shards(folder, ledger, range(job.shards), on_progress))
        if not missing:
            manifest = merge(folder, job, cut, ledger, on_progress)
            write_event(folder.path, "finished", lines=manifest.lines, faults=manifest.faults)
            return manifest
        write_event(folder.path, "damaged shards", numbers=missing[:100], count=len(missing))
        for number in missing:
            ledger.drop(number)
        lines = job.lines - sum(cut[number].lines for number in missing)
    raise OutputError(
        f"{folder.path}: {len(missing)} shards were damaged again after they were done, the first is {missing[0]}. See "
        "that the disk is in order, and give the same command again"
    )


def _progress(on_progress: OnProgress, done: int, total: int) -> Callable[[int], None]:
    """Return what counts lines that were done on top of those before."""

    def add(lines: int) -> None:
        nonlocal done
        done += lines
        on_progress("lines", done, total)

    add(0)
    return add


def _have_done(
    request: BulkRequest, folder: BulkFolder, numbers: Sequence[int], on_lines: Callable[[int], None]
) -> None:
    workers = workers_of(request)
    threads = max(1, cores() // workers)
    engine = bulk_engine(request.engine)
    write_event(folder.path, "started", engine=engine.name, workers=workers, threads=threads, shards=len(numbers))
    with closing(engine.run(folder.path, numbers, workers=workers, threads=threads)) as results:
        for done in results:
            write_event(
                folder.path, "shard", number=done.number, lines=done.lines, faults=done.faults, seconds=done.seconds
            )
            on_lines(done.lines)
