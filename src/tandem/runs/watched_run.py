"""A run that somebody looks at while it trains: what it is doing now, its samples, stopping and resuming it.

All of it reads without torch, and nothing is written into the run but the log of a training that is resumed.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tandem.errors import TrainingError
from tandem.files.paths import is_there
from tandem.model_paths import POINTER, read_current
from tandem.processes import Started, start_apart
from tandem.runs.lock import LOCK, holds_lock, read_holder
from tandem.runs.metrics_tail import METRICS, MetricsTail, Standing
from tandem.terminal import printable, shell_command

RunState: TypeAlias = Literal["training", "finished", "stopped"]
INTERRUPTED = "interrupted"
"""Why a training ended that was stopped; see `Run.go`."""
RESUME_LOG = "resume.log"
"""What a training says that was resumed here."""
_SILENCE = 600.0
"""Seconds without a new row after which a training on another machine counts as stopped."""
_MOST_LOG = 2_000
"""Bytes of the end of a log in which its last line is looked for."""
_PAUSE = 0.1


@dataclass(frozen=True)
class RunStatus:
    """What a run is doing."""

    state: RunState
    standing: Standing
    updated: str
    """When the run last wrote a row: the date and time in UTC, as ISO 8601 has it."""
    can_change: bool
    """Whether it can be stopped or resumed from here."""


def is_run(path: Path) -> bool:
    """Tell whether a directory is that of a training, even of one that has saved nothing yet."""
    return any(is_there(path / name) for name in (POINTER, METRICS, LOCK))


class WatchedRun:
    """A run's directory. Calls may come from several threads."""

    def __init__(self, directory: Path) -> None:
        """Look at this directory, which need not have anything in it yet."""
        self.directory = directory
        self.metrics = MetricsTail(directory / METRICS)
        self._resumed: Started | None = None

    def status(self) -> RunStatus:
        """Return what the run is doing. Raise CheckpointError where its metrics file is damaged."""
        if self._resumed:
            self._resumed.poll()  # so that a training that has ended is gone
        standing = self.metrics.standing()
        changed = self._changed()
        holder = read_holder(self.directory)
        state: RunState = "stopped"
        can_change = is_there(self.directory / POINTER)
        if standing.ended not in (None, INTERRUPTED):
            state, can_change = "finished", False
        elif holder and holds_lock(self.directory, holder):
            state, can_change = "training", sys.platform != "win32"
        elif holder and not holder.is_here and time.time() - changed < _SILENCE:
            state, can_change = "training", False
        return RunStatus(state, standing, _iso(changed), can_change)

    def updated(self) -> str:
        """Return when the run last wrote a row, as `RunStatus.updated`; this never fails."""
        return _iso(self._changed())

    def samples(self) -> tuple[list[int], list[dict[str, Any]]]:
        """Return the epochs that were validated, and each sample with its translation after each epoch.

        A sample that an epoch did not have is None there. Raise CheckpointError as `status` does.
        """
        rows = self.metrics.validations()
        found: dict[tuple[str, str], list[str | None]] = {}
        for place, row in enumerate(rows):
            for sample in row.samples:
                outputs = found.setdefault((sample.source, sample.reference), [None] * len(rows))
                outputs[place] = sample.translation
        samples = [
            {"source": source, "reference": reference, "outputs": outputs}
            for (source, reference), outputs in found.items()
        ]
        return [row.epoch for row in rows], samples

    def stop(self, seconds: float) -> None:
        """Stop the training as Ctrl-C does: it first saves the run. Return once it has ended, or after some seconds.

        Raise TrainingError where nothing trains here that could be stopped.
        """
        holder = read_holder(self.directory)
        status = self.status()
        if holder is None or status.state != "training":
            raise TrainingError(f"{self.directory}: no training is running there")
        if not holder.is_here:
            raise TrainingError(f"{self.directory}: this run is trained on {printable(holder.host)}: stop it there")
        if sys.platform == "win32":
            raise TrainingError(f"{self.directory}: Windows cannot ask another program to stop: press Ctrl-C there")
        try:
            os.kill(holder.pid, signal.SIGTERM)
        except OSError as error:
            raise TrainingError(
                f"{self.directory}: process {holder.pid} cannot be stopped: {error.strerror or error}"
            ) from error
        _wait(lambda: not holds_lock(self.directory, holder), seconds)

    def resume(self, seconds: float) -> None:
        """Start a process that goes on with the training. Return once it trains, or after some seconds.

        The process goes on when this one ends. What it says is appended to the run's `resume.log`. Raise TrainingError
        where the run is being trained already, is finished, or cannot be resumed, and CheckpointError where nothing was
        saved.
        """
        status = self.status()
        command = ("train", "--resume", "--out", str(self.directory))
        if status.state == "training":
            raise TrainingError(f"{self.directory}: a training is already running there")
        if status.state == "finished":
            longer = shell_command("tandem", *command, "--set", "training.epochs=N")
            raise TrainingError(f"{self.directory}: this run is finished. With more epochs it goes on: {longer}")
        read_current(self.directory)
        log = self.directory / RESUME_LOG
        before = self._identity()
        try:
            process = start_apart("tandem", command, log)
        except OSError as error:
            raise TrainingError(f"{log}: the training cannot be started: {error.strerror or error}") from error
        self._resumed = process
        _wait(lambda: process.poll() is not None or self._identity() != before, seconds)
        if process.poll():
            raise TrainingError(f"{self.directory}: the training ended at once: {_last_line(log)}; see {log}")

    def _changed(self) -> float:
        """Return when the run last wrote a row, or else when its directory last changed: seconds since 1970."""
        for path in (self.directory / METRICS, self.directory):
            try:
                return path.stat().st_mtime
            except OSError:
                continue
        return 0.0

    def _identity(self) -> int | None:
        """Return what tells the metrics file from the one that a training puts in its place when it begins."""
        try:
            return (self.directory / METRICS).stat().st_ino
        except OSError:
            return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _wait(over: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not over() and time.monotonic() < until:
        time.sleep(_PAUSE)


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _MOST_LOG))
        lines = file.read().decode("utf-8", "replace").splitlines()
    said = next((line for line in reversed(lines) if line.strip()), "it said nothing")
    return printable(said.removeprefix("tandem: "))
