"""Prints a model for `tandem describe`."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tandem.cli.options import decimal
from tandem.console import show_table, show_text
from tandem.errors import RecipeError
from tandem.model_files import Sizes
from tandem.models import ParameterCounts
from tandem.names import LARGEST_COUNT
from tandem.recipe import Optimizer, Recipe
from tandem.runs.provenance import Session
from tandem.terminal import counted

_BYTES = 4  # The bytes of a weight, and of each number that an optimiser keeps for it


def vocabulary_sizes(recipe: Recipe, path: Path, given: str | None) -> Sizes:
    """Return the given vocabulary sizes, or else the limits in the recipe. RecipeError if it has none."""
    features = recipe.text.features
    if given is not None:
        numbers = [decimal(number) for number in given.split(",")]
        if len(numbers) != (3 if features else 2) or not all(0 < size <= LARGEST_COUNT for size in numbers):
            wanted = (
                "three numbers of tokens, such as 8000,6000,40"
                if features
                else "two numbers of tokens, such as 8000,6000"
            )
            raise RecipeError(f"--vocabularies {given[:40]}: give {wanted}")
        if recipe.text.joint and numbers[0] != numbers[1]:
            raise RecipeError(f"--vocabularies {given[:40]}: text.joint has a single vocabulary: give its size twice")
        return _sizes(*numbers)
    limits = [recipe.text.source.max_size, recipe.text.target.max_size, *([features.max_size] if features else [])]
    known = [limit for limit in limits if limit is not None]
    if len(known) < len(limits):
        names = "SOURCE,TARGET,FEATURES" if features else "SOURCE,TARGET"
        raise RecipeError(
            f"{path}: the sizes of its vocabularies are not known before its corpus is read. Give them with "
            f"--vocabularies {names}, or limit them with text.source.max_size and text.target.max_size"
        )
    return _sizes(*known)


def _sizes(source: int, target: int, *features: int) -> Sizes:
    return (source, target, features[0]) if features else (source, target)


def show_model(console: Console, recipe: Recipe, sizes: Sizes, counts: ParameterCounts) -> None:
    """Print the number of weights in each part of a model, and the memory that they take."""
    parts = {
        **counts.embeddings,
        "recurrent layers of the encoder": counts.encoder,
        "recurrent layers of the decoder": counts.decoder,
        **({"features": counts.features} if counts.features else {}),
        **({"attention": counts.attention} if counts.attention else {}),
        "output layer": counts.output,
        "all": counts.total,
    }
    rows = [(part, f"{count:,}", f"{100 * count / counts.total:.1f} %") for part, count in parts.items()]
    model, optimizer = recipe.model, recipe.training.optimizer
    show_text(
        console,
        f"{model.cell.upper()}, {counted(model.layers, 'layer')} of {model.hidden:,}, "
        f"{'the encoder in both directions, ' if model.bidirectional else ''}"
        f"{f'attention {model.attention}, ' if model.attention != 'off' else ''}"
        f"{'copying, ' if model.copy else ''}"
        f"embeddings of {model.embedding:,}; {recipe.text.sizes(*sizes)}\n",
    )
    show_table(console, ("part", "weights", "share"), "lrr", rows)
    trained = counts.total * (2 + _kept(optimizer))
    show_text(console, f"\na checkpoint: {_mebibytes(counts.total)} of weights")
    show_text(
        console,
        f"training: {_mebibytes(trained)} for the weights, the gradients and the state of {optimizer.name}, plus the "
        "memory of a step",
    )


def show_sessions(console: Console, sessions: Sequence[Session]) -> None:
    """Print the data, the software and the machine of each session of the training."""
    for session in sessions:
        console.print()
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, part in session.described().items():
            if part:
                table.add_row(name, Text(part))
        console.print(table)


def _kept(optimizer: Optimizer) -> int:
    if optimizer.name == "sgd":
        return 1 if optimizer.momentum else 0
    return 2


def _mebibytes(count: int) -> str:
    return f"{count * _BYTES / 2**20:,.0f} MiB"
