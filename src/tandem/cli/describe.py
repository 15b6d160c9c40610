"""`tandem describe`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.options import SettingsOption
from tandem.errors import RecipeError


@command
def describe_command(
    what: Annotated[
        Path,
        typer.Argument(
            metavar="RECIPE|MODEL", help="A recipe (built in or a file), or the directory of a run or checkpoint."
        ),
    ],
    settings: SettingsOption = None,
    vocabularies: Annotated[
        str | None,
        typer.Option(metavar="SOURCE,TARGET", help="The vocabulary sizes of a recipe. Default: its max_size settings."),
    ] = None,
) -> None:
    """Show how many weights a model has, where they are, and what memory they take, without training it.

    - `tandem describe sutskever2014`
    - `tandem describe multi30k --vocabularies 8000,6000 --set model.hidden=1024`
    - `tandem describe runs/multi30k`
    """
    import torch

    from tandem.build import build_model
    from tandem.checkpoint import load_checkpoint
    from tandem.cli.model_table import show_model, show_sessions, vocabulary_sizes
    from tandem.console import PrintableConsole
    from tandem.model_files import sizes_of
    from tandem.model_paths import is_model, read_models
    from tandem.models import count_parameters
    from tandem.recipe import load_recipe
    from tandem.runs.provenance import read_provenance

    console = PrintableConsole()
    if what.is_dir() or is_model(what):
        if settings or vocabularies:
            raise RecipeError(f"{what}: a trained model cannot be changed: leave out --set and --vocabularies")
        checkpoint = load_checkpoint(what)
        sizes = sizes_of(checkpoint.source_tokenizer, checkpoint.target_tokenizer)
        show_model(console, checkpoint.recipe, sizes, count_parameters(checkpoint.model))
        sessions = read_provenance(what) or read_models([what], lambda paths: read_provenance(*paths))
        show_sessions(console, sessions)
    else:
        recipe = load_recipe(what, settings or [])
        sizes = vocabulary_sizes(recipe, what, vocabularies)
        with torch.device("meta"):  # shapes without memory
            model = build_model(recipe, *sizes)
        show_model(console, recipe, sizes, count_parameters(model))
