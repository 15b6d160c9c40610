"""Whether bfloat16 trains as well as float32: the same recipe in both, a few epochs, several seeds."""

import json
import shutil
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tandem
from benchmarks.rounds import Figures
from benchmarks.sides import PRECISIONS, Precision
from benchmarks.tables import Table

TARGET = 0.02


@dataclass(frozen=True)
class Trial:
    """What is trained, how often and how long."""

    recipe: Path = Path(__file__).parents[1] / "recipes" / "multi30k.toml"
    epochs: int = 5
    seeds: Sequence[int] = (1, 2, 3)
    settings: Sequence[str] = ()
    """More of the recipe's settings to put over it."""
    runs: Path = Path("runs/precision")
    """Where the runs lie. Those that are done are not done again, and an interrupted one goes on."""


def measure_precision(trial: Trial) -> Figures:
    """Validation losses after the last epoch of every run, and how far the two precisions are apart."""
    losses: dict[Precision, list[list[float]]] = {}
    for seed in trial.seeds:  # the precisions in turn, so that an interrupted measurement has pairs
        for precision in PRECISIONS:
            losses.setdefault(precision, []).append(_losses(trial, precision, seed))
    return {
        "unit": "nats a target token, on the validation corpus",
        "recipe": f"recipes/{trial.recipe.name}",
        "epochs": trial.epochs,
        "seeds": list(trial.seeds),
        "losses": losses,
        **difference({name: [each[-1] for each in of_seeds] for name, of_seeds in losses.items()}),
    }


def difference(last: Mapping[Precision, Sequence[float]]) -> Figures:
    """bfloat16's last losses minus float32's, seed by seed, and their median; within the target or not."""
    apart = [low - full for low, full in zip(last["bfloat16"], last["float32"], strict=True)]
    median = statistics.median(apart)
    return {
        "differences": [round(value, 4) for value in apart],
        "median_difference": round(median, 4),
        "target": TARGET,
        "within_target": abs(median) <= TARGET,
    }


def _losses(trial: Trial, precision: Precision, seed: int) -> list[float]:
    """Train one run to its end, unless it is there; its validation losses, epoch by epoch."""
    out = trial.runs / f"{precision}-{seed}"
    losses = _read(out)
    if len(losses) < trial.epochs:
        settings = [
            *trial.settings,
            f"seed={seed}",
            f"training.epochs={trial.epochs}",
            f"training.precision={precision}",
        ]
        if (out / "current.json").exists():
            tandem.train(out=out, resume=True, device="cpu")
        else:
            shutil.rmtree(out, ignore_errors=True)  # what was interrupted before its first checkpoint
            tandem.train(trial.recipe, out=out, settings=settings, device="cpu")
        losses = _read(out)
    return losses


def _read(run: Path) -> list[float]:
    """The validation losses in a run's metrics file; none where there is no such file."""
    path = run / "metrics.jsonl"
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line["validation_loss"] for line in lines if line["event"] == "validated"]


def precision_tables(figures: Figures) -> list[Table]:
    """The last losses, a row a seed, and the verdict."""
    last = {name: [each[-1] for each in of_seeds] for name, of_seeds in figures["losses"].items()}
    rows = [
        [str(seed), *(f"{values[place]:.4f}" for values in last.values()), f"{figures['differences'][place]:+.4f}"]
        for place, seed in enumerate(figures["seeds"])
    ]
    rows.append(["median", "", "", f"{figures['median_difference']:+.4f}"])
    title = f"Validation loss after {figures['epochs']} epochs of {figures['recipe']}"
    return [Table(title, ("seed", *last, "difference"), rows)]
