"""The metrics file of a run, `metrics.jsonl`: one JSON object a line, for people and programs.

Every line has `event` (`started`, `step`, `validated` or `finished`) and `step`, the optimiser steps done
by then; the other keys are those of the event. JSON knows no NaN and no infinity: these become null.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO, assert_never

from tandem.errors import CheckpointError
from tandem.files.atomic import replace_file, writing
from tandem.files.json_values import without_infinities
from tandem.files.paths import ordinary
from tandem.recording.recorder import ResumePoint, StepMeans, StepWindow
from tandem.training.events import Event, Finished, Started, StepDone, Validated


class MetricsFile:
    """A recorder that appends to a metrics file, each line flushed as soon as it is written."""

    def __init__(self, path: Path, every: int = 10, resume_point: ResumePoint | None = None) -> None:
        """Open the file when the training starts; it then reads as if the run had never stopped.

        `every` is the number of optimiser steps that one line covers, which then has their mean loss.
        Every method raises CheckpointError where the file is damaged, and NotWrittenError where it cannot be written.
        """
        self._path = path
        self._resume_point = resume_point or ResumePoint(0, 0)
        self._window = StepWindow(every, self._resume_point.pending_steps)
        self._step = self._resume_point.step
        self._file: TextIO | None = None

    @property
    def pending_steps(self) -> tuple[StepDone, ...]:
        """The steps that are in no line yet."""
        return self._window.pending_steps

    def record(self, event: Event) -> None:
        """Write the event, or keep it for the mean of the next line."""
        match event:
            case Started():
                self._begin(event)
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
        """Write the pending steps and close the file; a second call does nothing."""
        if self._file is not None:
            file, self._file = self._file, None
            with writing(self._path), file:
                if means := self._window.flush():
                    file.write(_line(_steps(means)))

    def _begin(self, event: Started) -> None:
        # A new run keeps nothing: an older file is that of a run that ended before it was saved.
        rows = read_metrics(self._path) if self._resume_point.step and self._path.exists() else []
        # The first line describes the whole run, whose number of epochs may have been raised.
        kept = [_started(event), *(row for row in rows if _stands(row, self._resume_point))]
        replace_file(self._path, "".join(map(_line, kept)))
        with writing(self._path):
            self._file = self._path.open("a", encoding="utf-8", newline="\n")

    def _write_means(self, means: StepMeans | None) -> None:
        if means is not None:
            self._write(_steps(means))

    def _write(self, row: dict[str, Any]) -> None:
        if self._file is None:  # stopped at once, before it was told to have started
            return
        with writing(self._path):
            self._file.write(_line(row))
            self._file.flush()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a metrics file as dictionaries, without a torn last line.

    Raises CheckpointError when the file is missing or another line is damaged.
    """
    try:
        content = ordinary(path).read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} does not exist: every run writes this file. Is its directory that of a run?"
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read: {error.strerror or error}. Put the run's own file there, or mend its permissions"
        ) from error
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


def _stands(row: dict[str, Any], resume_point: ResumePoint) -> bool:
    """Return whether a row is about something done before the run is resumed; starts and ends are forgotten."""
    if row.get("event") == "validated":
        return bool(row.get("epoch", 0) <= resume_point.epoch)
    return bool(row.get("event") == "step" and row["step"] <= resume_point.recorded)


def _started(event: Started) -> dict[str, Any]:
    return {
        "event": "started",
        "step": 0,
        "epochs": event.epochs,
        "steps_per_epoch": event.steps_per_epoch,
        "parameters": event.parameters,
    }


def _steps(means: StepMeans) -> dict[str, Any]:
    mean = means.mean
    return {
        "event": "step",
        "step": mean.step,
        "epoch": mean.epoch,
        "steps": means.steps,
        "loss": mean.loss,
        "tokens_per_second": mean.tokens_per_second,
        "learning_rate": mean.learning_rate,
        "gradient_norm": mean.gradient_norm,
        "teacher_forcing_ratio": mean.teacher_forcing_ratio,
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
    return json.dumps(without_infinities(row), ensure_ascii=False, allow_nan=False) + "\n"
