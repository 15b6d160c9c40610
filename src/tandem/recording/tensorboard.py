"""TensorBoard's event files."""

import itertools
import os
import socket
import time
from pathlib import Path
from typing import Any, assert_never

from tandem.files.atomic import writing
from tandem.metrics import perplexity
from tandem.recording.recorder import ResumePoint, StepMeans, StepWindow
from tandem.recording.wording import sample_lines
from tandem.training.events import Event, Finished, Sample, Started, StepDone, Validated, Validation

_NUMBERS = itertools.count()
"""The numbers of the event files of this process, whose names must differ."""


class _EventFile:
    """One event file. TensorBoard's own writer writes in a thread, whose errors nobody can catch."""

    def __init__(self, folder: Path, purge_step: int | None) -> None:
        # Imported here: it takes a second or two, and only a training needs it.
        from tensorboard.compat.proto.event_pb2 import Event as Entry
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter
        from torch.utils.tensorboard import summary

        self._entry = Entry
        self._summary: Any = summary
        self._latest = max(time.time(), _latest_in(folder) + 1)
        name = f"events.out.tfevents.{self._latest:010.0f}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}"
        self._path = folder / name
        with writing(self._path):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
            self._records = RecordWriter(self._file)
        self._add(file_version="brain.Event:2")
        if purge_step is not None:
            self._add(step=purge_step, session_log=SessionLog(status=SessionLog.START))

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self._add(step=step, summary=self._summary.scalar(tag, value))

    def add_text(self, tag: str, text: str, step: int) -> None:
        self._add(step=step, summary=self._summary.text(tag, text))

    def close(self) -> None:
        with writing(self._path):
            self._file.close()

    def _add(self, **content: Any) -> None:
        self._latest = max(time.time(), self._latest)
        with writing(self._path):
            self._records.write(self._entry(wall_time=self._latest, **content).SerializeToString())
            self._file.flush()


def _latest_in(folder: Path) -> float:
    """Return the latest time, in seconds, that an event file of the folder has in its name or was written at.

    TensorBoard reads the files in the order of their names, which a clock that was set back must not change.
    """
    times = [0.0]
    for path in folder.glob("events.out.tfevents.*"):
        time_in_name = path.name.split(".")[3]
        times.append(float(time_in_name) if time_in_name.isdecimal() else 0.0)
        times.append(path.lstat().st_mtime)
    return max(times)


class TensorBoard:
    """A recorder that writes curves under `train/` and `validation/`, and sample translations as text."""

    def __init__(self, folder: Path, every: int = 10, resume_point: ResumePoint | None = None) -> None:
        """Open a new event file in the folder. Every method raises NotWrittenError where it cannot be written.

        `every` is the number of optimiser steps that one point of the training curves covers. TensorBoard hides what
        an earlier file says of steps after the `resume_point`, which will happen again.
        """
        self._window = StepWindow(every, resume_point.pending_steps if resume_point else ())
        begun = folder.exists()  # perhaps by a run that ended before it was saved
        self._writer = _EventFile(folder, resume_point.recorded + 1 if resume_point else 1 if begun else None)

    def record(self, event: Event) -> None:
        """Write the event's figures, or keep them for the mean of the next point."""
        match event:
            case Started():
                pass
            case StepDone():
                self._write_means(self._window.add(event))
            case Validated():
                self._write_means(self._window.flush())
                self._write_validation(event.validation, event.step)
            case Finished():
                self._write_means(self._window.flush())
            case _:
                assert_never(event)

    def close(self) -> None:
        """Write the pending steps and close the file; a second call does nothing."""
        try:
            self._write_means(self._window.flush())
        finally:
            self._writer.close()

    def _write_means(self, means: StepMeans | None) -> None:
        if means is None:
            return
        mean = means.mean
        self._writer.add_scalar("train/loss", mean.loss, mean.step)
        self._writer.add_scalar("train/perplexity", perplexity(mean.loss), mean.step)
        self._writer.add_scalar("train/learning_rate", mean.learning_rate, mean.step)
        self._writer.add_scalar("train/gradient_norm", mean.gradient_norm, mean.step)
        self._writer.add_scalar("train/tokens_per_second", mean.tokens_per_second, mean.step)

    def _write_validation(self, validation: Validation, step: int) -> None:
        self._writer.add_scalar("validation/loss", validation.loss, step)
        self._writer.add_scalar("validation/perplexity", perplexity(validation.loss), step)
        for name, value in validation.scores.items():
            self._writer.add_scalar(f"validation/{name}", value, step)
        if validation.samples:
            text = "\n\n---\n\n".join(_markdown(sample) for sample in validation.samples)
            self._writer.add_text("validation/samples", text, step)


def _markdown(sample: Sample) -> str:
    # Indented lines are code to Markdown: what stands in them is shown as it is.
    return "\n".join(f"    {label:<12} {text}" for label, text in sample_lines(sample))
