"""What the commands that train share: which recipe is trained where, and how a training is shown."""

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
    """Return what is trained: a run that goes on, a given recipe, or one that is chosen from the corpus.

    RecipeError where the options do not fit together.
    """
    if run.budget is not None and (run.resume or recipe is not None or run.tries is not None):
        raise RecipeError(
            "--budget: only one recipe, which is chosen, can be fitted to a time; leave out the recipe, --resume and "
            "--try"
        )
    if run.tries is not None and run.resume:
        raise RecipeError("--try: leave out --resume; the same command goes on with what was tried")
    settings = run.settings or []
    if run.resume:
        if run.out is None:
            raise RecipeError("--resume: say which run goes on, with --out DIR")
        if any(corpora):
            raise RecipeError(
                f"--resume: the run in {run.out} has its corpora already; leave out the others, or change it by "
                "--set data.…"
            )
        resumed = load_recipe(recipe, settings) if recipe else read_run_recipe(run.out, settings)
        return TrainingPlan(resumed, run.out, resume=True)
    if recipe is not None:
        if any(corpora):
            raise RecipeError(
                f"{recipe}: a recipe names its corpora; leave out the others, or change it by --set data.…"
            )
        return TrainingPlan(load_recipe(recipe, settings), run.out or free_directory(recipe.stem, console))
    if corpora.train is None:
        raise RecipeError(
            "there is nothing to train on: give two files of texts, or a table such as pairs.csv, or a recipe, or see "
            "tandem train --help"
        )
    out = run.out or free_directory(printable("-".join(map(stem, corpora.train.names))), console)
    check_unused(out)
    data = Data(train=corpora.train, validation=corpora.validation, test=corpora.test)
    choice = chosen_recipe(
        data, settings, None, lambda sentence: announce(console, sentence), budget=run.budget, device=device
    )
    return TrainingPlan(choice.recipe, out, choice.reasons)


def best_plan(plan: TrainingPlan, tries: int, console: Console, device: Device) -> TrainingPlan:
    """Try variants of a plan's recipe for a while; return the plan of going on with the best one."""
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
        show_text(PrintableConsole(), "\nStopped. The same command goes on with what was tried.")
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
    """Train with a display on the console; a user who stops it is told the command that goes on."""
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
        show_text(PrintableConsole(), f"\nStopped. {_what_is_kept(plan.out, resume_command)}")
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


def _what_is_kept(out: Path, resume_command: str | None) -> str:
    try:
        saved = Path(read_current(out).resume).name
    except CheckpointError:
        return f"Nothing was saved yet: there is nothing to go on from in {out}. The same command starts anew"
    command = resume_command or shell_command("tandem", "train", "--resume", "--out", out)
    return f"What was trained until {saved} is kept. Go on with:\n  {command}"
