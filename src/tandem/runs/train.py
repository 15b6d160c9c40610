"""`tandem.train`: from pairs, files or a recipe to a translator."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tandem.checkpoint import is_model, read_current
from tandem.console import PrintableConsole
from tandem.corpora.pairs import Pair
from tandem.errors import ArgumentError, CheckpointError, CorpusError, NotWrittenError, RecipeError, TrainingError
from tandem.files.paths import path_of
from tandem.preparation.contents import Hear
from tandem.recipe import (
    Data,
    Device,
    Recipe,
    load_recipe,
    override,
    setting_lines,
)
from tandem.recording import Recorder
from tandem.recording.live import training_display
from tandem.runs.baselines import Baseline, baselines
from tandem.runs.choose import Budget, Choice, choose_recipe, seconds_in
from tandem.runs.evaluate import Evaluation, evaluate
from tandem.runs.formats import format_warnings, settle_formats
from tandem.runs.given import GivenCorpora, check_given, given_corpus, given_data, named_data
from tandem.runs.lock import LOCK, locked
from tandem.runs.prepare import GivenPairs, look_at, read_corpus
from tandem.runs.python_words import python_words
from tandem.runs.reporting import Evaluated, report_run, write_reasons
from tandem.runs.session import Run, refuse_used
from tandem.runs.stopping import Stopped, Stopping
from tandem.runs.trying import candidates, try_recipes
from tandem.translation.translator import Translator, load


class TrainingResult(NamedTuple):
    """What a training leaves: the best model, and what it is worth."""

    translator: Translator
    evaluation: Evaluation
    evaluated_on: str
    report: Path
    baselines: list[Baseline]
    """What somebody would try before training anything, measured on the same pairs."""


def train(
    recipe: Recipe | str | Path | None = None,
    *,
    out: str | Path,
    pairs: Iterable[tuple[str, str]] | None = None,
    validation_pairs: Iterable[tuple[str, str]] | None = None,
    test_pairs: Iterable[tuple[str, str]] | None = None,
    source: str | Path | None = None,
    target: str | Path | None = None,
    validation_source: str | Path | None = None,
    validation_target: str | Path | None = None,
    test_source: str | Path | None = None,
    test_target: str | Path | None = None,
    data: Data | Mapping[str, Any] | None = None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    budget: str | None = None,
    tries: int | None = None,
    device: Device = "auto",
    resume: bool = False,
    recorders: Sequence[Recorder] | None = None,
    say: Callable[[str], None] | None = None,
    progress: bool | None = None,
) -> Translator:
    """Train a model into the directory `out`, and return the translator of its best epoch.

    What to train on is a `recipe` (a Recipe, or the path of one), or else `pairs` of texts (any iterable, read once),
    or the two parallel files `source` and `target`, or `data`: corpora of any kind, as the recipe's section [data]
    names them. Without a recipe one is chosen from the pairs. Validation and test corpora are given in the same ways;
    without them some of the training pairs are held back to validate on, and the model is scored on these. `settings`,
    a dictionary such as {"training.epochs": 3} or strings such as "training.epochs=3", go over the recipe. `budget` is
    the time that all may take, such as "20m": a recipe is then chosen that ends in it on this machine. `tries` is how
    many variants of the recipe are tried for a while; the best one goes on. `resume` goes on with the run in `out`, by
    its own recipe or another that differs only where it may. Recorders hear every event; `say` gets what there is to
    know before. `progress` shows both on standard error; None shows them in a
    terminal, unless `recorders` or `say` are given.

    Raises RecipeError, CorpusError, TrainingError, CheckpointError and ArgumentError, each saying what to do. SIGINT
    and SIGTERM let the step under way end and the run be saved, then raise Stopped, which is a KeyboardInterrupt.
    """
    if not (recipe is None or isinstance(recipe, Recipe | str | os.PathLike)):
        raise ArgumentError(
            f"recipe is of type {type(recipe).__name__}, but must be a Recipe or the path of one. Pairs are given as "
            "pairs=..."
        )
    if progress is None:
        progress = recorders is None and say is None and sys.stderr is not None and sys.stderr.isatty()
    with python_words(), training_display(PrintableConsole(stderr=True) if progress else None) as display:
        own = say or (lambda _: None)

        def tell(line: str) -> None:
            own(line)
            display.say(line)

        corpora = (
            given_corpus("", pairs, source, target),
            given_corpus("validation_", validation_pairs, validation_source, validation_target),
            given_corpus("test_", test_pairs, test_source, test_target),
        )
        changes, where = setting_lines(settings), path_of(out, "out")
        given = GivenPairs(*(corpus.pairs for corpus in corpora))
        chosen = _recipe(recipe, where, changes, data, corpora, given, budget, device, resume=resume, say=tell)
        if tries is not None:
            if resume:
                raise RecipeError("tries: leave out resume; the same call goes on with what was tried")
            variants = candidates(chosen.recipe, tries)
            best, rounds = try_recipes(variants, where, device=device, given=given, recorders=tuple, say=tell)
            chosen, resume = Choice(best.recipe, [*chosen.reasons, *rounds]), True
        heard = [*(recorders or ()), *display.recorders]
        return run_recipe(
            chosen.recipe,
            where,
            device=device,
            resume=resume,
            given=given,
            reasons=chosen.reasons,
            recorders=heard,
            hear=display.hear,
            say=tell,
        ).translator


def _recipe(
    recipe: Recipe | str | Path | None,
    out: Path,
    settings: Sequence[str],
    data: Data | Mapping[str, Any] | None,
    corpora: GivenCorpora,
    given: GivenPairs,
    budget: str | None,
    device: Device,
    *,
    resume: bool,
    say: Callable[[str], None],
) -> Choice:
    """The recipe that the arguments of `train` mean."""
    if not resume:
        check_unused(out)  # First: choosing a recipe may take long.
    if budget is not None and (resume or recipe is not None):
        raise RecipeError("budget: only a recipe that is chosen can be fitted to a time; leave out recipe and resume")
    if recipe is None and not resume:
        chosen = given_data(corpora) if data is None else named_data(data, corpora)
        return chosen_recipe(chosen, settings, given, say, budget=budget, device=device)
    if data is not None:
        raise RecipeError("a recipe names its corpora: give a recipe, or data, not both")
    if recipe is None:
        found = resumed_recipe(out, settings)
    else:
        found = override(recipe, settings) if isinstance(recipe, Recipe) else load_recipe(recipe, settings)
    check_given(found.data, corpora)
    return Choice(found, [])


def chosen_recipe(
    data: Data,
    settings: Sequence[str],
    given: GivenPairs | None,
    say: Callable[[str], None],
    *,
    budget: str | None = None,
    device: Device = "auto",
) -> Choice:
    """A recipe chosen from the training pairs, with `settings` put over it, and the reasons, which are said too.

    `budget`: the time that all may take from now on, such as "20m".
    """
    deadline = None if budget is None else time.monotonic() + seconds_in(budget)
    bare = Recipe(data=data)
    override(bare, settings)  # What is wrong with any setting shows before the corpus is read.
    # What tells how the corpus is read must hold before it is read to choose the rest.
    bare = override(bare, [setting for setting in settings if setting.startswith(("data.", "seed"))])
    bare = settle_formats(bare, say)
    for warning in format_warnings(bare.data):
        say(warning)
    first, count = look_at(bare.data, given)
    limit = None if deadline is None else Budget(deadline, device, lambda recipe: override(recipe, settings))
    choice = choose_recipe(first, bare.data, count, limit)
    own = [setting for setting in settings if not setting.startswith(("data.", "seed"))]
    reasons = [*choice.reasons, *([f"but as it was set: {', '.join(own)}"] if own else [])]
    for reason in reasons:
        say(reason)
    return Choice(override(choice.recipe, settings), reasons)


def resumed_recipe(run: Path, settings: Sequence[str]) -> Recipe:
    """The recipe of the run in this directory, with `settings` put over it."""
    read_current(run)  # first: whether there is a run at all
    return load_recipe(run / "recipe.toml", settings)


def run_recipe(
    recipe: Recipe,
    out: Path,
    *,
    device: Device = "auto",
    resume: bool = False,
    given: GivenPairs | None = None,
    verify: bool = False,
    reasons: Sequence[str] = (),
    recorders: Sequence[Recorder] = (),
    hear: Hear = lambda *_: None,
    say: Callable[[str], None] = lambda _: None,
    command: Sequence[str] = ("tandem.train",),
    again: str = "--resume",
) -> TrainingResult:
    """Train, evaluate the best model on the test corpus (or, without one, the validation corpus), write the report.

    `reasons` for a recipe that was chosen are kept in the run's directory, and are in its report. `command` holds the
    words that the run's provenance says were typed, `again` what the user is told to go on with.

    A run that a signal stopped has its report too, without scores, once it has a best checkpoint.
    TrainingError where another run writes into the directory; Stopped (a KeyboardInterrupt) where a signal came.
    """
    if resume:
        read_current(out)  # first: whether there is a run at all
    else:
        check_unused(out)
    with _telling_how_to_go_on(out, again), Stopping(say) as stopping, locked(out, say):
        if not resume:
            refuse_used(out)
        recipe = settle_formats(recipe, say)
        if not (resume or reasons):  # said before it was chosen from the corpus
            for warning in format_warnings(recipe.data):
                say(warning)
        tests = _test_pairs(recipe, given, say)  # read first: that they are missing is to be known before the training
        run = Run(
            recipe,
            out,
            device=device,
            resume=resume,
            given=given,
            verify=verify,
            recorders=recorders,
            hear=hear,
            say=say,
            command=command,
        )
        if reasons or not resume:
            run.claim()
            write_reasons(out, reasons)
        try:
            with stopping.patient():
                run.go(stopping)
            stopping.check()
        except Stopped as stopped:
            if run.has_best and not stopped.at_once:
                report_run(out, load(out, device=device), None)
            raise
        translator = load(out, device=device)
        pairs, corpus = (run.corpus.validation_pairs, run.validated_on) if tests is None else (tests, "test")
        evaluation = evaluate(translator, pairs, lowercase=recipe.search.lowercase_scores, hear=hear)
        _say_incomplete(evaluation, say)
        beside = baselines(run.corpus, evaluation)
        report = report_run(out, translator, Evaluated(evaluation, corpus, pairs, beside))
        return TrainingResult(translator, evaluation, corpus, report, beside)


def _say_incomplete(evaluation: Evaluation, say: Callable[[str], None]) -> None:
    """Say how many sources were cut, how many outputs may lack their ends, and what scores leave out."""
    for note in evaluation.notes:
        say(note)
    if evaluation.cut:
        say(f"scored: {evaluation.cut:,} of {evaluation.sources:,} sources are too long; their beginnings were read")
    if evaluation.stopped_at_limit:
        say(
            f"scored: {evaluation.stopped_at_limit:,} of {evaluation.sources:,} outputs ended at the length limit, so "
            "their ends may be missing; a larger max_length_factor or max_length_extra in translating gives more room"
        )


@contextmanager
def _telling_how_to_go_on(out: Path, again: str) -> Iterator[None]:
    """Say how the run in `out` goes on where a file of it cannot be written, or its data are not where they were."""
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


def check_unused(out: Path) -> None:
    """Raise TrainingError where a new run cannot be made in the directory `out`, unless a run holds its lock."""
    if "\0" in str(out) or any("\ud800" <= character <= "\udfff" for character in str(out)):
        raise TrainingError(f"{out}: a run's directory needs a name in UTF-8, without NUL. Choose another with --out")
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise TrainingError(f"{out}: {parent} is not a directory that you may write to. Choose another with --out")
    if not (out / LOCK).exists():
        refuse_used(out)


def _test_pairs(recipe: Recipe, given: GivenPairs | None, say: Callable[[str], None]) -> list[Pair] | None:
    """The pairs of the test corpus, if there is one; that some of them were left out is said."""
    if recipe.data.test is None:
        return None
    pairs, dropped = read_corpus(recipe.data.test, recipe.data, given.test if given else None)
    if dropped.count:
        say(f"test corpus: {dropped.message()}")
    return pairs
