"""A run from its recipe to its report: trained, evaluated and described in its directory."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tandem.corpora.pairs import Pair
from tandem.errors import CheckpointError, CorpusError, NotWrittenError
from tandem.model_paths import is_model, read_current
from tandem.recipe import Device, Recipe
from tandem.recording import Recorder
from tandem.runs.baselines import Baseline, measure_baselines
from tandem.runs.corpora import (
    GivenPairs,
    PreparedCorpus,
    format_warnings,
    prepare_corpora,
    read_corpus,
    settle_formats,
)
from tandem.runs.directories import check_unused, refuse_used
from tandem.runs.evaluation import Evaluation, evaluate
from tandem.runs.launching import recipe_for, train_together
from tandem.runs.lock import locked
from tandem.runs.reporting import Evaluated, report_run, write_reasons
from tandem.runs.session import Run
from tandem.runs.stopping import Stopped, Stopping
from tandem.runs.validation import validated_on
from tandem.runs.worker import Job
from tandem.terminal import Notify, OnProgress
from tandem.training.group import TrainingGroup
from tandem.translation import Translator, load


class TrainingResult(NamedTuple):
    """The best model of a training, and what it is worth."""

    translator: Translator
    evaluation: Evaluation
    evaluated_on: str  # the name of the corpus that the model was evaluated on
    report: Path
    baselines: list[Baseline]  # scores on the same pairs of what takes no training


def run_recipe(
    recipe: Recipe,
    out: Path,
    *,
    device: Device = "auto",
    resume: bool = False,
    given: GivenPairs | None = None,
    verify: bool = False,
    reasons: Sequence[str] = (),
    formats_checked: bool = False,
    recorders: Sequence[Recorder] = (),
    on_progress: OnProgress = lambda *_: None,
    notify: Notify = lambda _: None,
    command: Sequence[str] = ("tandem.train",),
    again: str = "--resume",
    processes: int = 1,
    group: TrainingGroup | None = None,
) -> TrainingResult:
    """Train, evaluate the best model on the test corpus (or else the validation corpus), and write the report.

    `reasons` for the choice of the recipe are kept in the directory of the run and stand in its report.
    `formats_checked` says that the user was already warned of how the corpus files look. `command` holds the words that
    the provenance of the run says were typed, and `again` what the user is told to continue the run with. `processes`
    is the number of processes that are started to train. With a `group`, this is process 0 of it, and the others call
    `follow_recipe`.

    A run that a signal stopped has a report as well, without scores, once it has a best checkpoint.
    TrainingError where another run writes into the directory; Stopped (a KeyboardInterrupt) after a signal.
    """
    if resume:
        read_current(out)  # raises first where there is no run at all
    else:
        check_unused(out)
    with _resume_hints(out, again), Stopping(notify) as stopping, locked(out, notify):
        if not resume:
            refuse_used(out)
        recipe = _settled(recipe, notify, checked=resume or formats_checked)
        # Read before the training: a missing test corpus must be reported at once.
        tests = _test_pairs(recipe, given, notify)
        recipe = recipe_for(recipe, processes if group is None else group.size, notify)
        if processes > 1:
            job = Job(str(out.absolute()), device, resume, verify, list(reasons), list(command))
            _train_together(recipe, out, job, processes, given, stopping, recorders, on_progress, notify)
            return _finish(recipe, out, None, given, device, tests, on_progress, notify)
        run = Run(
            recipe,
            out,
            device=device,
            resume=resume,
            given=given,
            verify=verify,
            recorders=recorders,
            on_progress=on_progress,
            notify=notify,
            command=command,
            group=group,
            asked=lambda: stopping.asked,
        )
        _train(run, stopping, device, reasons if reasons or not resume else None)
        return _finish(recipe, out, run.corpus, given, device, tests, on_progress, notify)


def _settled(recipe: Recipe, notify: Notify, *, checked: bool) -> Recipe:
    """Settle how the corpora are read, and warn of how they look, unless that was `checked` before."""
    recipe = settle_formats(recipe, notify)
    if not checked:
        for warning in format_warnings(recipe.data):
            notify(warning)
    return recipe


def follow_recipe(recipe: Recipe, out: Path, group: TrainingGroup, *, device: Device, resume: bool) -> None:
    """Take part in the training that process 0 of a group runs with `run_recipe`, without writing anything."""
    with Stopping(lambda _: None) as stopping:
        settled = settle_formats(recipe, lambda _: None)
        settled = recipe_for(settled, group.size, lambda _: None)
        run = Run(settled, out, device=device, resume=resume, group=group, asked=lambda: stopping.asked)
        with stopping.patient():
            run.go(stopping)


def _train(run: Run, stopping: Stopping, device: Device, reasons: Sequence[str] | None) -> None:
    """Train to the end. A run that is stopped in an orderly way has a report if it has a best checkpoint."""
    if reasons is not None:
        run.claim()
        write_reasons(run.out, reasons)
    with _report_of_stopped(run.out, device):
        with stopping.patient():
            run.go(stopping)
        stopping.check()


def _train_together(
    recipe: Recipe,
    out: Path,
    job: Job,
    processes: int,
    given: GivenPairs | None,
    stopping: Stopping,
    recorders: Sequence[Recorder],
    on_progress: OnProgress,
    notify: Notify,
) -> None:
    """Do what `_train` does, with several processes."""
    with _report_of_stopped(out, job.device), ExitStack() as stack:
        for recorder in recorders:
            stack.callback(recorder.close)
        with stopping.patient():
            train_together(
                recipe,
                job,
                processes,
                given=given,
                stopping=stopping,
                recorders=recorders,
                on_progress=on_progress,
                notify=notify,
            )
        stopping.check()


@contextmanager
def _report_of_stopped(out: Path, device: Device) -> Iterator[None]:
    """Write the report of a run that is stopped in an orderly way within the block, if it has a best checkpoint."""
    try:
        yield
    except Stopped as stopped:
        if not stopped.at_once and is_model(out) and read_current(out).best:
            report_run(out, load(out, device=device), None)
        raise


def _finish(
    recipe: Recipe,
    out: Path,
    prepared: PreparedCorpus | None,
    given: GivenPairs | None,
    device: Device,
    tests: list[Pair] | None,
    on_progress: OnProgress,
    notify: Notify,
) -> TrainingResult:
    translator = load(out, device=device)
    if prepared is None:
        tokenizers = translator.source_tokenizer, translator.target_tokenizer
        prepared = prepare_corpora(recipe, given, tokenizers=tokenizers)
    pairs, corpus = (prepared.validation_pairs, validated_on(recipe)) if tests is None else (tests, "test")
    lowercase = recipe.search.lowercase_scores
    evaluation = evaluate(translator, pairs, lowercase=lowercase, on_progress=on_progress)
    _notify_of_limits(evaluation, notify)
    baselines = measure_baselines(prepared, evaluation)
    report = report_run(out, translator, Evaluated(evaluation, corpus, pairs, baselines))
    return TrainingResult(translator, evaluation, corpus, report, baselines)


def _notify_of_limits(evaluation: Evaluation, notify: Notify) -> None:
    """Tell the user what the scores leave out: sources that were cut, and outputs whose ends may be missing."""
    for note in evaluation.notes:
        notify(note)
    if evaluation.cut:
        notify(f"scored: {evaluation.cut:,} of {evaluation.sources:,} sources are too long; their beginnings were read")
    if evaluation.stopped_at_limit:
        notify(
            f"scored: {evaluation.stopped_at_limit:,} of {evaluation.sources:,} outputs ended at the length limit, so "
            "their ends may be missing; a larger max_length_factor or max_length_extra in translating gives more room"
        )


@contextmanager
def _resume_hints(out: Path, again: str) -> Iterator[None]:
    """Add to an error how to resume the run in `out`, where a file cannot be written or the data were moved."""
    try:
        yield
    except CorpusError as error:
        if not (is_model(out) and isinstance(error.__cause__, FileNotFoundError)):
            raise
        where = "Where it was moved, name the folder that it lies in now with --set data.folder=..."
        raise CorpusError(f"{error} {where}") from error
    except NotWrittenError as error:
        how = f"go on with {again}" if is_model(out) else "give the same command again: nothing was saved yet"
        raise CheckpointError(f"{error}, and {how}") from error


def _test_pairs(recipe: Recipe, given: GivenPairs | None, notify: Notify) -> list[Pair] | None:
    """Read the pairs of the test corpus, if there is one, and tell the user how many were left out."""
    if recipe.data.test is None:
        return None
    pairs, dropped = read_corpus(recipe.data.test, recipe.data, given.test if given else None)
    if dropped.count:
        notify(f"test corpus: {dropped.message()}")
    return pairs
