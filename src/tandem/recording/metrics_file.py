"""The metrics file of a run, `metrics.jsonl`: one JSON object a line, for people and programs.

Every line has `event` (`started`, `step`, `validated` or `finished`) and `step`, the optimiser steps done
by then; the other keys are those of the event. JSON knows no NaN and no infinity: these become null.
"""

import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, assert_never

from tandem.errors import CheckpointError
from tandem.recording.averages import StepMeans, StepWindow
from tandem.training.events import Event, Finished, Started, StepDone, Validated


class MetricsFile:
    """A recorder that appends to a metrics file, each line flushed as soon as it is written."""

    def __init__(self, path: Path, every: int = 10, keep_until_step: int | None = None) -> None:
        """Open the file, which is made when there is none.

        `every`: how many optimiser steps one line covers, which then has their mean loss.
        `keep_until_step`: when a run goes on from that step, what the file tells of later steps is dropped.
        A torn last line, as a power cut leaves it, is dropped in any case. Raises CheckpointError when
        another line is damaged.
        """
        self._window = StepWindow(every)
        self._step = keep_until_step or 0
        _mend(path, keep_until_step)
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def record(self, event: Event) -> None:
        """Write the event, or keep it for the mean of the next line."""
        match event:
            case Started():
                self._step = event.first_step
                self._write(_started(event))
            case StepDone():
                self._step = event.step
                self._write_means(self._window.add(event))
            case Validated():
                self._step = event.step
                self._write_means(self._window.flush())
                self._write(_validated(event))
            case Finished():
                self._write_means(self._window.flush())
                self._write({"event": "finished", "step": self._step} | asdict(event))
            case _:
                assert_never(event)

    def close(self) -> None:
        """Write the steps that are still held and close the file; a second call does nothing."""
        if not self._file.closed:
            self._write_means(self._window.flush())
            self._file.close()

    def _write_means(self, means: StepMeans | None) -> None:
        if means is not None:
            self._write(_steps(means))

    def _write(self, row: dict[str, Any]) -> None:
        self._file.write(_line(row))
        self._file.flush()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a metrics file as dictionaries, without a torn last line.

    Raises CheckpointError when the file is missing or another line is damaged.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} does not exist: every run writes this file. Is its directory that of a run?"
        ) from None
    rows = []
    # Split at line feeds alone: U+2028 and its like are lawful inside a JSON string.
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("step"), int):
            raise CheckpointError(
                f"{path}, line {number}: must be a JSON object with a step, but is {line[:60]!r}. "
                "The file is damaged there; delete that line."
            )
        rows.append(row)
    return rows


def _mend(path: Path, keep_until_step: int | None) -> None:
    """Drop a torn last line and the lines of later steps; the file is replaced at once or not touched."""
    if not path.exists():
        return
    rows = read_metrics(path)
    kept = [row for row in rows if keep_until_step is None or row["step"] <= keep_until_step]
    torn = not path.read_bytes().endswith(b"\n")
    if len(kept) == len(rows) and not torn:
        return
    unfinished = path.with_name(path.name + ".new")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_line(row) for row in kept)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _started(event: Started) -> dict[str, Any]:
    return {
        "event": "started",
        "step": event.first_step,
        "epochs": event.epochs,
        "steps_per_epoch": event.steps_per_epoch,
        "parameters": event.parameters,
    }


def _steps(means: StepMeans) -> dict[str, Any]:
    last = means.last
    return {
        "event": "step",
        "step": last.step,
        "epoch": last.epoch,
        "steps": means.steps,
        "loss": means.loss,
        "tokens_per_second": means.tokens_per_second,
        "learning_rate": last.learning_rate,
        "gradient_norm": means.gradient_norm,
        "teacher_forcing_ratio": last.teacher_forcing_ratio,
    }


def _validated(event: Validated) -> dict[str, Any]:
    return {
        "event": "validated",
        "step": event.step,
        "epoch": event.epoch,
        "train_loss": event.train_loss,
        "validation_loss": event.validation.loss,
        "scores": dict(event.validation.scores),
        "samples": [asdict(sample) for sample in event.validation.samples],
        "best": event.best,
        "epoch_seconds": event.epoch_seconds,
    }


def _line(row: dict[str, Any]) -> str:
    return json.dumps(_finite(row), ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Return the value with None in place of every number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value
