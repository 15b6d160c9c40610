"""The runs of a reproduction: which are finished, which are resumed, and which begin."""

from collections.abc import Callable
from pathlib import Path

from tandem.errors import RecipeError
from tandem.model_paths import is_model
from tandem.recipe import Recipe, load_recipe, portable
from tandem.recording import read_metrics
from tandem.runs.corpora import settle_formats

Train = Callable[[Recipe, Path, bool], object]
"""Trains a recipe in a directory, or resumes the run in it."""


def train_once(recipe: Recipe, run: Path, train: Train) -> bool:
    """Train unless the run is finished, and return whether there was anything to do.

    RecipeError where the run has another recipe.
    """
    written = run / "recipe.toml"
    if written.exists():
        # The recipe of a run says how a table is written, which the wanted recipe may leave open.
        _check(load_recipe(written), settle_formats(recipe, lambda _: None), run)
        if _finished(run):
            return False
    train(recipe, run, is_model(run))
    return True


def _check(current: Recipe, wanted: Recipe, run: Path) -> None:
    """Raise RecipeError where two recipes would train different models."""
    for section in ("seed", "data", "text", "model", "training"):
        before, after = (getattr(portable(recipe), section) for recipe in (current, wanted))
        if before != after:
            raise RecipeError(
                f"{run}: was trained with another recipe: [{section}] differs. Reproduce into another folder with "
                "--out, or remove this run"
            )


def _finished(run: Path) -> bool:
    """Return whether the training, and everything after it, came to its end."""
    rows = read_metrics(run / "metrics.jsonl") if (run / "metrics.jsonl").exists() else []
    last = rows[-1] if rows else {}
    ended = last.get("event") == "finished" and last.get("reason") != "interrupted"
    return ended and (run / "report.html").exists()
