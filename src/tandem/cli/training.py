"""What the commands that train share: the choice of recipe and directory, and the display of a training."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console

from tandem.cli.corpora import CorpusOptions, chosen_corpus
from tandem.cli.named_files import stem
from tandem.cli.options import RunOptions
from tandem.console import PrintableConsole, announce, show_text
from tandem.corpora.kinds import AnyCorpus
from tandem.errors import CheckpointError, RecipeError
from tandem.files.paths import portable_name
from tandem.model_paths import read_current
from tandem.names import Device
from tandem.recipe import Data, Recipe, load_recipe
from tandem.recording.live import live_display, training_display
from tandem.runs.directories import check_unused
from tandem.runs.execution import TrainingResult, run_recipe
from tandem.runs.recipe_choice import chosen_recipe, read_run_recipe
from tandem.runs.stopping import Stopped
from tandem.runs.trials import make_variants, try_recipes
from tandem.terminal import printable, shell_command
from tandem.training.group import TrainingGroup


class Corpora(NamedTuple):
    """The corpora that the options name; each may be None."""

    train: AnyCorpus | None
    validation: AnyCorpus | None
    test: AnyCorpus | None


class TrainingPlan(NamedTuple):
    """What is trained, and where."""

    recipe: Recipe
    out: Path
    reasons: Sequence[str] = ()  # Why the recipe was chosen as it is; empty for a recipe that was given
    resume: bool = False


def named_corpora(train: CorpusOptions, validation: CorpusOptions, test: CorpusOptions) -> Corpora:
    """Return the corpora that the options name."""
    choice = chosen_corpus(train, "train")
    return Corpora(
        choice,
        chosen_corpus(validation, "validation", role="validation", before=choice),
        chosen_corpus(test, "test", role="test", before=choice),
    )


def make_plan(recipe: Path | None, corpora: Corpora, run: RunOptions, console: Console, device: Device) -> TrainingPlan:
    """Return what to train: a run that is resumed, a given recipe, or one that Tandem chooses for the corpus.

    RecipeError where the options do not fit together.
    """
    if run.budget is not None and (run.resume or recipe is not None or run.tries is not None):
        raise RecipeError(
            "--budget fits the one recipe that Tandem chooses to a time: leave out RECIPE, --resume and --try"
        )
    if run.tries is not None and run.resume:
        raise RecipeError("--try: leave out --resume; the same command continues the trials where they stopped")
    settings = run.settings or []
    if run.resume:
        if run.out is None:
            raise RecipeError("--resume: name the run to resume, with --out DIR")
        if any(corpora):
            raise RecipeError(
                f"--resume: the run in {run.out} has its corpora already; leave out those of this command, or change "
                "the run's with --set data.…"
            )
        resumed = load_recipe(recipe, settings) if recipe else read_run_recipe(run.out, settings)
        return TrainingPlan(resumed, run.out, resume=True)
    if recipe is not None:
        if any(corpora):
            raise RecipeError(
                f"{recipe}: a recipe names its corpora; leave out the others, or change them with --set data.…"
            )
        return TrainingPlan(load_recipe(recipe, settings), run.out or free_directory(recipe.stem, console))
    if corpora.train is None:
        raise RecipeError(
            "there is nothing to train on: give two files of texts, a table such as pairs.csv, or a recipe. "
            "tandem train --help shows more ways"
        )
    out = run.out or free_directory(printable("-".join(map(stem, corpora.train.names))), console)
    check_unused(out)
    data = Data(train=corpora.train, validation=corpora.validation, test=corpora.test)
    choice = chosen_recipe(
        data, settings, None, lambda sentence: announce(console, sentence), budget=run.budget, device=device
    )
    return TrainingPlan(choice.recipe, out, choice.reasons)


def best_plan(plan: TrainingPlan, tries: int, console: Console, device: Device) -> TrainingPlan:
    """Train variants of a plan's recipe for a while; return the plan that continues the best one."""
    try:
        best, rounds = try_recipes(
            make_variants(plan.recipe, tries),
            plan.out,
            device=device,
            given=None,
            recorders=lambda: [live_display(console)],
            notify=lambda sentence: announce(console, sentence),
        )
    except Stopped as stopped:
        show_text(PrintableConsole(), "\nStopped. The same command continues the trials.")
        raise typer.Exit(128 + stopped.signal) from None
    return TrainingPlan(best.recipe, plan.out, [*plan.reasons, *rounds], resume=True)


def train_plan(
    plan: TrainingPlan,
    console: Console,
    *,
    device: Device,
    verify: bool = False,
    resume_command: str | None = None,
    processes: int = 1,
    group: TrainingGroup | None = None,
) -> TrainingResult:
    """Train with a display on the console. A user who stops the training is told the command that resumes it."""
    try:
        with training_display(console) as display:
            return run_recipe(
                plan.recipe,
                plan.out,
                device=device,
                resume=plan.resume,
                verify=verify,
                reasons=plan.reasons,
                formats_checked=bool(plan.reasons),
                recorders=display.recorders,
                on_progress=display.on_progress,
                notify=display.notify,
                command=("tandem", *sys.argv[1:]),
                again=resume_command or "--resume",
                processes=processes,
                group=group,
            )
    except Stopped as stopped:
        show_text(PrintableConsole(), f"\nStopped. {_how_to_resume(plan.out, resume_command)}")
        raise typer.Exit(128 + stopped.signal) from None


def free_directory(name: str, console: Console | None = None) -> Path:
    """Return `runs/NAME`, or the first of `runs/NAME-2`, ... that does not exist, and say so on a console."""
    first = where = Path("runs") / portable_name(name)
    number = 2
    while where.exists():
        where, number = first.with_name(f"{first.name}-{number}"), number + 1
    if console is not None:
        announce(console, f"the run's directory: {where}; choose another with --out")
    return where


def _how_to_resume(out: Path, resume_command: str | None) -> str:
    try:
        saved = Path(read_current(out).resume).name
    except CheckpointError:
        return f"Nothing was saved in {out} yet. The same command starts anew"
    command = resume_command or shell_command("tandem", "train", "--resume", "--out", out)
    return f"Everything up to {saved} is saved. Go on with:\n  {command}"
