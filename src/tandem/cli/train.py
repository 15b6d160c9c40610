"""`tandem train`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.corpora import CorpusOptions
from tandem.cli.options import DeviceOption, ProcessesOption, QuietOption, RunOptions


@command
def train_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECIPE | FILE...]",
            help="A recipe, built in or a file. Or a corpus, for which a recipe is chosen: a .csv, .tsv, .jsonl or "
            ".parquet file, or a source and a target file.",
        ),
    ] = None,
    *,
    corpus: CorpusOptions,
    validation: CorpusOptions,
    test: CorpusOptions,
    run: RunOptions,
    device: DeviceOption = "auto",
    processes: ProcessesOption = 1,
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
    - `tandem train multi30k --processes 2`: with two processes

    Without a recipe, Tandem chooses tokenizers, sizes and schedule to fit the corpus. It writes them to recipe.toml
    in the run's directory, which you can change and train again. Built-in recipes: cmudict,
    cmudict-attention, multi30k, multi30k-attention, multi30k-tutorial, scan, sutskever2014.
    """
    from tandem.cli.joined import is_joined, train_joined
    from tandem.cli.named_files import recipe_and_corpus
    from tandem.cli.show import show_result
    from tandem.cli.training import best_plan, make_plan, named_corpora, train_plan
    from tandem.console import PrintableConsole

    console = PrintableConsole(quiet=quiet)
    recipe, corpus = recipe_and_corpus(files or [], corpus)
    corpora = named_corpora(corpus, validation, test)
    if is_joined():
        plan_of = partial(make_plan, recipe, corpora, run, console, device)
        joined = train_joined(run, plan_of, console, device, processes)
        if joined is not None:
            show_result(PrintableConsole(), *joined)
        return
    plan = make_plan(recipe, corpora, run, console, device)
    if run.tries is not None:
        plan = best_plan(plan, run.tries, console, device)
    result = train_plan(plan, console, device=device, verify=run.verify, processes=processes)
    show_result(PrintableConsole(), plan.out, result)
