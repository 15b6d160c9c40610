"""The lines of a metrics file -> the charts and the table of epochs in the report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tandem.metrics import perplexity
from tandem.report.charts import Chart, Point, Series, without_empty

Row = Mapping[str, object]
"""One line of a metrics file; a key may be missing and a figure may be None."""

_ABSURD = 1e100  # A larger figure, of a run that has diverged, is not drawn or printed


@dataclass(frozen=True)
class Epoch:
    """One row of the table of epochs; None where a figure is missing or not finite."""

    number: int
    step: int
    train_loss: float | None
    validation_loss: float | None
    perplexity: float | None
    scores: Mapping[str, float | None]
    seconds: float | None
    best: bool


@dataclass(frozen=True)
class Curves:
    """The charts and the table of a run."""

    charts: Sequence[Chart]
    epochs: Sequence[Epoch]
    score_names: Sequence[str]


def read_curves(rows: Sequence[Row]) -> Curves:
    """Return the charts and epochs of a run, even of an incomplete one."""
    started = [row for row in rows if row.get("event") == "started"]
    per_epoch = _integer(started[-1], "steps_per_epoch") if started else 0
    steps = [row for row in rows if row.get("event") == "step"]
    # Of an epoch that was validated twice, since the run was interrupted in between, the later validation counts.
    validated = {_integer(row, "step"): row for row in rows if row.get("event") == "validated"}
    epochs = [_epoch(validated[step]) for step in sorted(validated)]
    # Each marked epoch was the best so far, so the last one marked is the best of all.
    best = max((epoch.step for epoch in epochs if epoch.best), default=0)
    epochs = [replace(epoch, best=epoch.best and epoch.step == best) for epoch in epochs]
    names = list(dict.fromkeys(name for epoch in epochs for name in epoch.scores))

    axis = _StepAxis(per_epoch)
    losses = [
        Series("training", axis.of_rows(steps, "loss")),
        Series("validation", axis.of_epochs(epochs, [epoch.validation_loss for epoch in epochs]), marked=True),
    ]
    scores = [
        Series(name, axis.of_epochs(epochs, [epoch.scores.get(name) for epoch in epochs]), marked=True)
        for name in names
    ]
    rates = [Series("learning rate", axis.of_rows(steps, "learning_rate"))]
    speeds = [Series("target tokens per second", axis.of_rows(steps, "tokens_per_second"))]
    charts = [
        Chart("Loss (nats per token)", axis.label, losses),
        Chart("Validation scores", axis.label, scores),
        Chart("Learning rate", axis.label, rates, from_zero=True),
        Chart("Target tokens per second", axis.label, speeds, from_zero=True),
    ]
    filled = [without_empty(chart) for chart in charts]
    return Curves([chart for chart in filled if chart.series], epochs, names)


@dataclass(frozen=True)
class _StepAxis:
    """The horizontal axis: epochs if their length is known, otherwise optimiser steps."""

    steps_per_epoch: int

    @property
    def label(self) -> str:
        return "epoch" if self.steps_per_epoch > 0 else "optimiser step"

    def of_rows(self, rows: Sequence[Row], key: str) -> list[Point]:
        return [self._point(_integer(row, "step"), _integer(row, "epoch"), figure(row.get(key))) for row in rows]

    def of_epochs(self, epochs: Sequence[Epoch], values: Sequence[float | None]) -> list[Point]:
        return [self._point(epoch.step, epoch.number, value) for epoch, value in zip(epochs, values, strict=True)]

    def _point(self, step: int, epoch: int, value: float | None) -> Point:
        x = step / self.steps_per_epoch if self.steps_per_epoch > 0 else step
        return Point(x, value, f"epoch {epoch}, step {step:,}")


def figure(value: object) -> float | None:
    """Return a number as a float; None for anything else, and for one that is not finite or absurdly large."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) and abs(value) < _ABSURD else None


def _epoch(row: Row) -> Epoch:
    loss = figure(row.get("validation_loss"))
    scores = row.get("scores")
    return Epoch(
        number=_integer(row, "epoch"),
        step=_integer(row, "step"),
        train_loss=figure(row.get("train_loss")),
        validation_loss=loss,
        perplexity=None if loss is None else figure(perplexity(loss)),
        scores={str(name): figure(value) for name, value in scores.items()} if isinstance(scores, dict) else {},
        seconds=figure(row.get("epoch_seconds")),
        best=row.get("best") is True,
    )


def _integer(row: Row, key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) else 0
