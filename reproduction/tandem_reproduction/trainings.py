"""The runs of a reproduction: which are done, which go on, and which begin."""

from collections.abc import Callable
from pathlib import Path

from tandem.checkpoint import is_model
from tandem.errors import RecipeError
from tandem.recipe import Recipe, load_recipe, portable
from tandem.recording import read_metrics
from tandem.runs.formats import settle_formats

Train = Callable[[Recipe, Path, bool], object]
"""Trains a recipe in a directory, or goes on with the run there."""


def train_once(recipe: Recipe, run: Path, train: Train) -> bool:
    """Train unless that is done; whether there was anything to do.

    RecipeError where the run there is of another recipe.
    """
    written = run / "recipe.toml"
    if written.exists():
        # A run's recipe says of a table how it is written, which the one that is wanted may leave to be found out.
        _check(load_recipe(written), settle_formats(recipe, lambda _: None), run)
        if _finished(run):
            return False
    train(recipe, run, is_model(run))
    return True


def _check(found: Recipe, wanted: Recipe, run: Path) -> None:
    """Raise RecipeError where two recipes would train different models."""
    for section in ("seed", "data", "text", "model", "training"):
        before, after = (getattr(portable(recipe), section) for recipe in (found, wanted))
        if before != after:
            raise RecipeError(
                f"{run}: was trained with another recipe: [{section}] differs. Reproduce into another folder with "
                "--out, or remove this run"
            )


def _finished(run: Path) -> bool:
    """Whether the training came to its end, and all that follows it."""
    rows = read_metrics(run / "metrics.jsonl") if (run / "metrics.jsonl").exists() else []
    last = rows[-1] if rows else {}
    ended = last.get("event") == "finished" and last.get("reason") != "interrupted"
    return ended and (run / "report.html").exists()
