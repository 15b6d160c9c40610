"""`tandem.train`: from pairs, files or a recipe to a translator."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tandem.checkpoint import read_current
from tandem.data.contents import Hear
from tandem.data.given import read_once
from tandem.data.pairs import Pair
from tandem.errors import RecipeError
from tandem.files import path_of
from tandem.recipe import (
    CorpusChoice,
    Data,
    Device,
    FilesCorpus,
    MemoryCorpus,
    Recipe,
    load_recipe,
    override,
    setting_lines,
)
from tandem.recording import Recorder
from tandem.recording.display import training_display
from tandem.run.choose import choose_recipe
from tandem.run.evaluate import Evaluation, evaluate
from tandem.run.lock import LOCK, locked
from tandem.run.prepare import GivenPairs, look_at, read_corpus
from tandem.run.python_words import python_words
from tandem.run.reporting import Evaluated, report_run
from tandem.run.session import Run, refuse_used
from tandem.run.stopping import Stopped, Stopping
from tandem.translator import Translator, load


class TrainingResult(NamedTuple):
    """What a training leaves: the best model, and what it is worth."""

    translator: Translator
    evaluation: Evaluation
    evaluated_on: str
    report: Path


def train(
    recipe: Recipe | str | Path | None = None,
    *,
    out: str | Path,
    pairs: Iterable[tuple[str, str]] | None = None,
    validation_pairs: Iterable[tuple[str, str]] | None = None,
    source: str | Path | None = None,
    target: str | Path | None = None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    device: Device = "auto",
    resume: bool = False,
    recorders: Sequence[Recorder] | None = None,
    say: Callable[[str], None] | None = None,
    progress: bool | None = None,
) -> Translator:
    """Train a model into the directory `out`, and return the translator of its best epoch.

    What to train on is a `recipe` (a Recipe, or the path of one), or else `pairs` of texts (any iterable, read once),
    or the two parallel files `source` and `target`; without a recipe one is chosen from the pairs. `settings`, a
    dictionary such as {"training.epochs": 3} or strings such as "training.epochs=3", go over the recipe; `resume` goes
    on with the run in `out`, by its own recipe or another that differs only where it may. Recorders hear every event;
    `say` gets what there is to know before. `progress` shows both on standard error; None shows them in a terminal,
    unless `recorders` or `say` are given.

    Raises RecipeError, CorpusError, TrainingError, CheckpointError and ArgumentError, each saying what to do. SIGINT
    and SIGTERM let the step under way end and the run be saved, then raise Stopped, which is a KeyboardInterrupt.
    """
    if progress is None:
        progress = recorders is None and say is None and sys.stderr is not None and sys.stderr.isatty()
    with python_words(), training_display(progress) as display:
        own = say or (lambda _: None)

        def tell(line: str) -> None:
            own(line)
            display.say(line)

        given = _given(pairs, validation_pairs)
        changes, where = setting_lines(settings), path_of(out, "out")
        chosen = _recipe(recipe, where, changes, given, source, target, resume=resume, say=tell)
        heard = [*(recorders or ()), *display.recorders]
        return run_recipe(
            chosen, where, device=device, resume=resume, given=given, recorders=heard, hear=display.hear, say=tell
        ).translator


def _given(
    pairs: Iterable[tuple[str, str]] | None, validation_pairs: Iterable[tuple[str, str]] | None
) -> GivenPairs | None:
    if pairs is None:
        return None
    return GivenPairs(
        read_once(pairs, "pairs"),
        None if validation_pairs is None else read_once(validation_pairs, "validation_pairs"),
    )


def _recipe(
    recipe: Recipe | str | Path | None,
    out: Path,
    settings: Sequence[str],
    given: GivenPairs | None,
    source: str | Path | None,
    target: str | Path | None,
    *,
    resume: bool,
    say: Callable[[str], None],
) -> Recipe:
    """The recipe that the arguments of `train` mean."""
    if resume and recipe is None:
        return resumed_recipe(out, settings)
    if recipe is not None:
        chosen = override(recipe, settings) if isinstance(recipe, Recipe) else load_recipe(recipe, settings)
        if source is not None or (given is not None and not isinstance(chosen.data.train, MemoryCorpus)):
            raise RecipeError(
                "a recipe names its corpus: give a recipe, or pairs, or source and target files, not two of them. "
                'A recipe whose data.train is { kind = "memory" } takes pairs'
            )
        return chosen
    train_choice, validation_choice = _choices(given, source, target)
    return chosen_recipe(train_choice, validation_choice, settings, given, say)


def chosen_recipe(
    train_choice: CorpusChoice,
    validation: CorpusChoice | None,
    settings: Sequence[str],
    given: GivenPairs | None,
    say: Callable[[str], None],
) -> Recipe:
    """A recipe chosen from the training pairs, its reasons said, with `settings` put over it."""
    bare = Recipe(data=Data(train=train_choice, validation=validation))
    # What tells how the corpus is read must hold before it is read to choose the rest.
    bare = override(bare, [setting for setting in settings if setting.startswith(("data.", "seed"))])
    first, count = look_at(bare.data, given)
    choice = choose_recipe(first, bare.data, count)
    for reason in choice.reasons:
        say(reason)
    return override(choice.recipe, settings)


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
    recorders: Sequence[Recorder] = (),
    hear: Hear = lambda *_: None,
    say: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Train, evaluate the best model on the test corpus (or, without one, the validation corpus), write the report.

    A run that a signal stopped has its report too, without scores, once it has a best checkpoint.
    TrainingError where another run writes into the directory; Stopped (a KeyboardInterrupt) where a signal came.
    """
    if resume:
        read_current(out)  # first: whether there is a run at all
    elif not (out / LOCK).exists():
        refuse_used(out)
    with Stopping(say) as stopping, locked(out):
        if not resume:
            refuse_used(out)
        tests = _test_pairs(recipe)  # read first: that they are missing is to be known before the training
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
        )
        try:
            with stopping.patient():
                run.go(stopping)
            stopping.check()
        except Stopped as stopped:
            if run.has_best and not stopped.at_once:
                report_run(out, load(out, device=device), None)
            raise
        translator = load(out, device=device)
        pairs, corpus = (run.corpus.validation_pairs, "validation") if tests is None else (tests, "test")
        evaluation = evaluate(translator, pairs, lowercase=recipe.search.lowercase_scores)
        report = report_run(out, translator, Evaluated(evaluation, corpus, pairs))
        return TrainingResult(translator, evaluation, corpus, report)


def _test_pairs(recipe: Recipe) -> list[Pair] | None:
    return None if recipe.data.test is None else read_corpus(recipe.data.test, recipe.data)


def _choices(
    given: GivenPairs | None, source: str | Path | None, target: str | Path | None
) -> tuple[CorpusChoice, CorpusChoice | None]:
    if given is not None:
        if source is not None or target is not None:
            raise RecipeError("give pairs, or source and target files, not both")
        return MemoryCorpus(kind="memory"), MemoryCorpus(kind="memory") if given.validation else None
    if source is None or target is None:
        raise RecipeError("there is nothing to train on: give a recipe, or pairs, or both a source and a target file")
    return FilesCorpus(source=str(source), target=str(target)), None
