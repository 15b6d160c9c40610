"""`tandem train`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tandem.checkpoint import read_current
from tandem.cli.corpora import CorpusOptions, chosen_corpus, corpus_options
from tandem.cli.named_files import recipe_and_corpus, stem
from tandem.cli.options import DeviceOption, QuietOption, SettingsOption
from tandem.cli.show import PreparingBar, announce, show_result
from tandem.corpora.corpus_kind import CorpusKind
from tandem.errors import CheckpointError, RecipeError
from tandem.files.paths import portable_name
from tandem.names import Device
from tandem.recipe import Data, Recipe, load_recipe
from tandem.recording import live_display
from tandem.recording.console import PrintableConsole, show_text
from tandem.runs.directories import check_unused
from tandem.runs.execution import TrainingResult, run_recipe
from tandem.runs.recipes import chosen_recipe, resumed_recipe
from tandem.runs.stopping import Stopped
from tandem.runs.trials import MOST_VARIANTS as MOST_CANDIDATES
from tandem.runs.trials import Variant as Candidate
from tandem.runs.trials import make_variants as candidates
from tandem.runs.trials import try_recipes
from tandem.terminal import printable, shell_command


@corpus_options
def train_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECIPE.toml | FILE...]",
            help="A recipe; or a corpus, for which one is chosen: a .csv, .tsv or .jsonl file, or source and target.",
        ),
    ] = None,
    *,
    corpus: CorpusOptions,
    validation: CorpusOptions,
    test: CorpusOptions,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The run's directory. Default: runs/NAME.")
    ] = None,
    settings: SettingsOption = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Choose a model and a schedule that end in this time here, such as 20m."),
    ] = None,
    tries: Annotated[
        int | None,
        typer.Option(
            "--try",
            metavar="N",
            min=2,
            max=MOST_CANDIDATES,
            help="Try N variants of the chosen recipe for a while; go on with the best.",
        ),
    ] = None,
    device: DeviceOption = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out where it was last saved.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Hash the corpus again, and what was prepared of it, trusting no time stamp."),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Train a model, from a corpus or a recipe.

    - `tandem train train.de train.en`
    - `tandem train pairs.csv`
    - `tandem train --tsv words.tsv --columns 1,2 --out runs/words`
    - `tandem train --corpus captions`
    - `tandem train --tsv train.tsv --validation-tsv dev.tsv --test-tsv test.tsv`
    - `tandem train recipes/multi30k.toml --set training.epochs=20`
    - `tandem train --resume --out runs/multi30k`

    Without a recipe, tokenizers, sizes and schedule are chosen from the corpus, and the choice is written to
    recipe.toml in the run's directory, to be changed and trained again.
    """
    console = PrintableConsole(quiet=quiet)
    recipe, corpus = recipe_and_corpus(files or [], corpus)
    choice = chosen_corpus(corpus, "train")
    validation_choice, test_choice = (
        chosen_corpus(options, role, role=role, before=choice)
        for role, options in (("validation", validation), ("test", test))
    )
    any_choice = choice or validation_choice or test_choice
    if budget is not None and (resume or recipe is not None or tries is not None):
        raise RecipeError(
            "--budget: only one recipe, which is chosen, can be fitted to a time; leave out the recipe, --resume and "
            "--try"
        )
    if tries is not None and resume:
        raise RecipeError("--try: leave out --resume; the same command goes on with what was tried")
    reasons: list[str] = []
    if resume:
        where = _resumed(out, any_choice)
        chosen = load_recipe(recipe, settings or []) if recipe else resumed_recipe(where, settings or [])
    elif recipe is not None:
        if any_choice is not None:
            raise RecipeError(
                f"{recipe}: a recipe names its corpora; leave out the others, or change it by --set data.…"
            )
        chosen = load_recipe(recipe, settings or [])
        where = out or _free(recipe.stem, console)
    elif choice is not None:
        where = out or _free(printable(_name(choice)), console)
        check_unused(where)
        data = Data(train=choice, validation=validation_choice, test=test_choice)
        chosen, reasons = chosen_recipe(
            data, settings or [], None, lambda line: announce(console, line), budget=budget, device=device
        )
    else:
        raise RecipeError(
            "there is nothing to train on: give two files of texts, or a table such as pairs.csv, or a recipe, or see "
            "tandem train --help"
        )
    if tries is not None:
        chosen, tried = _best_of(candidates(chosen, tries), where, console, device)
        reasons, resume = [*reasons, *tried], True
    result = train_run(chosen, where, console, device=device, resume=resume, verify=verify, reasons=reasons)
    show_result(PrintableConsole(), where, result)


def _free(name: str, console: Console) -> Path:
    """A directory for a new run, which is said."""
    where = free_directory(name)
    announce(console, f"the run's directory: {where}; choose another with --out")
    return where


def _best_of(tried: Sequence[Candidate], where: Path, console: Console, device: Device) -> tuple[Recipe, list[str]]:
    """The best candidate's recipe, whose run then lies in `where`, and the table of the rounds."""
    try:
        best, lines = try_recipes(
            tried,
            where,
            device=device,
            given=None,
            recorders=lambda: [live_display(console)],
            notify=lambda line: announce(console, line),
        )
    except Stopped as stopped:
        show_text(PrintableConsole(), "\nStopped. The same command goes on with what was tried.")
        raise typer.Exit(128 + stopped.signal) from None
    return best.recipe, lines


def train_run(
    recipe: Recipe,
    out: Path,
    console: Console,
    *,
    device: Device,
    resume: bool = False,
    verify: bool = False,
    reasons: Sequence[str] = (),
    again: str | None = None,
) -> TrainingResult:
    """Train with a live display; of a run that a signal stops is said how it goes on, by the command `again`."""
    preparing = PreparingBar(console)

    def say(line: str) -> None:
        preparing.close()
        announce(console, line)

    try:
        return run_recipe(
            recipe,
            out,
            device=device,
            resume=resume,
            verify=verify,
            reasons=reasons,
            formats_checked=bool(reasons),
            recorders=[live_display(console)],
            on_progress=preparing,
            notify=say,
            command=("tandem", *sys.argv[1:]),
            again=again or "--resume",
        )
    except Stopped as stopped:
        try:
            again = again or shell_command("tandem", "train", "--resume", "--out", out)
            said = f"What was trained until {Path(read_current(out).resume).name} is kept. Go on with:\n  {again}"
        except CheckpointError:
            said = f"Nothing was saved yet: there is nothing to go on from in {out}. The same command starts anew"
        show_text(PrintableConsole(), f"\nStopped. {said}")
        raise typer.Exit(128 + stopped.signal) from None
    finally:
        preparing.close()


def _resumed(out: Path | None, choice: CorpusKind | None) -> Path:
    if out is None:
        raise RecipeError("--resume: say which run goes on, with --out DIR")
    if choice is not None:
        raise RecipeError(
            f"--resume: the run in {out} has its corpora already; leave out the others, or change it by --set data.…"
        )
    return out


def _name(choice: CorpusKind) -> str:
    return "-".join(map(stem, choice.names))


def free_directory(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, `runs/NAME-3`, ... that isn't there yet."""
    first = Path("runs") / portable_name(name)
    if not first.exists():
        return first
    number = 2
    while (other := first.with_name(f"{first.name}-{number}")).exists():
        number += 1
    return other
