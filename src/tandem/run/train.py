"""`tandem.train`: from pairs, files or a recipe to a translator."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tandem.checkpoint import read_current
from tandem.data.contents import Hear
from tandem.data.pairs import Pair
from tandem.errors import RecipeError
from tandem.recipe import (
    CorpusChoice,
    Data,
    Device,
    FilesCorpus,
    MemoryCorpus,
    Recipe,
    load_recipe,
    override,
)
from tandem.recording import Recorder
from tandem.run.choose import choose_recipe
from tandem.run.evaluate import Evaluation, evaluate
from tandem.run.lock import LOCK, locked
from tandem.run.prepare import GivenPairs, look_at, read_corpus
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
    pairs: Sequence[tuple[str, str]] | None = None,
    validation_pairs: Sequence[tuple[str, str]] | None = None,
    source: str | Path | None = None,
    target: str | Path | None = None,
    settings: Sequence[str] = (),
    device: Device = "auto",
    resume: bool = False,
    recorders: Sequence[Recorder] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Translator:
    """Train a model into the directory `out`, and return the translator of its best epoch.

    What to train on is a `recipe` (a Recipe, or the path of one), or else `pairs` of texts in memory, or the two
    parallel files `source` and `target`; without a recipe one is chosen from the pairs. `settings`
    ("section.key=value") go over the recipe; `resume` goes on with the run in `out`, by its own recipe or another that
    differs only where it may. Recorders hear every event; `say` gets what there is to know before.

    Raises RecipeError, CorpusError, TrainingError and CheckpointError, each saying what to do. SIGINT and SIGTERM let
    the step under way end and the run be saved, then raise Stopped, which is a KeyboardInterrupt.
    """
    given = GivenPairs(pairs, validation_pairs) if pairs is not None else None
    where = Path(out)
    if resume and recipe is None:
        chosen = resumed_recipe(where, settings)
    elif recipe is not None:
        chosen = override(recipe, settings) if isinstance(recipe, Recipe) else load_recipe(recipe, settings)
        if source is not None or (pairs is not None and not isinstance(chosen.data.train, MemoryCorpus)):
            raise RecipeError(
                "a recipe names its corpus: give a recipe, or pairs, or source and target files, not two of them. "
                'A recipe whose data.train is { kind = "memory" } takes pairs'
            )
    else:
        train_choice, validation_choice = _choices(given, source, target)
        chosen = chosen_recipe(train_choice, validation_choice, settings, given, say)
    return run_recipe(chosen, where, device=device, resume=resume, given=given, recorders=recorders, say=say).translator


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
