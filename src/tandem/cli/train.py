"""`tandem train`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.corpora import CorpusOptions
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import DeviceOption, QuietOption, SettingsOption
from tandem.errors import RecipeError

MOST_TRIES = 8
"""Variants that can be tried, as many as `tandem.runs.trials` makes."""


@dataclass(frozen=True)
class RunOptions(OptionGroup):
    """How the recipe is chosen and the run goes on."""

    panel = "The run"

    out: Path | None = option(None, "--out", "-o", metavar="DIR", help="The run's directory. Default: runs/NAME.")
    settings: SettingsOption = None
    budget: str | None = option(
        None, metavar="TIME", help="Choose a model and a schedule that end in this time here, such as 20m."
    )
    tries: int | None = option(
        None,
        "--try",
        metavar="N",
        min=2,
        max=MOST_TRIES,
        help="Try N variants of the chosen recipe for a while; go on with the best.",
    )
    resume: bool = option(False, "--resume", help="Go on with the run in --out where it was last saved.")
    verify: bool = option(
        False, "--verify", help="Hash the corpus again, and what was prepared of it, trusting no time stamp."
    )

    def check(self, recipe: Path | None) -> None:
        """Raise RecipeError where the options do not fit together."""
        if self.budget is not None and (self.resume or recipe is not None or self.tries is not None):
            raise RecipeError(
                "--budget: only one recipe, which is chosen, can be fitted to a time; leave out the recipe, --resume "
                "and --try"
            )
        if self.tries is not None and self.resume:
            raise RecipeError("--try: leave out --resume; the same command goes on with what was tried")


@command
def train_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECIPE | FILE...]",
            help="A recipe, built in or a file; or a corpus, for which one is chosen: a .csv, .tsv, .jsonl or .parquet "
            "file, or source and target.",
        ),
    ] = None,
    *,
    corpus: CorpusOptions,
    validation: CorpusOptions,
    test: CorpusOptions,
    run: RunOptions,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Train a model, from a corpus or a recipe.

    - `tandem train train.de train.en`
    - `tandem train pairs.csv`
    - `tandem train --tsv words.tsv --columns 1,2 --out runs/words`
    - `tandem train --corpus captions`
    - `tandem train --tsv train.tsv --validation-tsv dev.tsv --test-tsv test.tsv`
    - `tandem train multi30k --set training.epochs=20`: a built-in recipe
    - `tandem train my.toml`
    - `tandem train --resume --out runs/multi30k`

    Without a recipe, tokenizers, sizes and schedule are chosen from the corpus, and the choice is written to
    recipe.toml in the run's directory, to be changed and trained again. Built-in recipes: cmudict, multi30k,
    multi30k-tutorial, scan, sutskever2014.
    """
    from tandem.cli.named_files import recipe_and_corpus
    from tandem.cli.show import show_result
    from tandem.cli.training import best_plan, chosen_plan, named_corpora, recipe_plan, resumed_plan, train_plan
    from tandem.console import PrintableConsole

    console = PrintableConsole(quiet=quiet)
    recipe, corpus = recipe_and_corpus(files or [], corpus)
    corpora = named_corpora(corpus, validation, test)
    run.check(recipe)
    settings = run.settings or []
    if run.resume:
        plan = resumed_plan(run.out, recipe, corpora, settings)
    elif recipe is not None:
        plan = recipe_plan(recipe, corpora, run.out, settings, console)
    else:
        plan = chosen_plan(corpora, run.out, settings, console, budget=run.budget, device=device)
    if run.tries is not None:
        plan = best_plan(plan, run.tries, console, device)
    result = train_plan(plan, console, device=device, verify=run.verify)
    show_result(PrintableConsole(), plan.out, result)
