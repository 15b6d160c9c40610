"""The progress of a training as plain lines, for files, pipes and continuous integration."""

import time
from collections.abc import Callable
from typing import assert_never

from rich.console import Console

from tandem.recording import wording
from tandem.recording.console import show_text
from tandem.recording.progress import Progress
from tandem.training.events import Event, Finished, Started, StepDone, Validated


class PlainLines:
    """A recorder that prints a line now and then and a few after each epoch, without control codes."""

    def __init__(self, console: Console, seconds: float = 10, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: the least time between two lines about steps. `clock`: see `Progress`."""
        self._console = console
        self._seconds = seconds
        self._clock = clock
        self._progress = Progress(clock)
        self._last_line = clock()

    def record(self, event: Event) -> None:
        """Print what the event has to tell, if it is time."""
        self._progress.follow(event)
        match event:
            case Started():
                self._print(wording.beginning(event))
            case StepDone():
                if self._clock() - self._last_line >= self._seconds:
                    progress = self._progress
                    where = f"{progress.step_in_epoch}/{progress.steps_of_epoch}"
                    epoch = f"epoch {progress.epoch}/{progress.epochs}"
                    self._print(f"{epoch}  step {where}  {wording.standing(progress)}")
            case Validated():
                self._print(wording.epoch_line(event, self._progress.epochs))
                for sample in event.validation.samples[: wording.SAMPLES]:
                    for label, text in wording.sample_lines(sample):
                        self._print(f"    {label:<13}{text}")
            case Finished():
                self._print(wording.ending(event))
            case _:
                assert_never(event)

    def close(self) -> None:
        """Do nothing: every line was complete."""

    def _print(self, line: str) -> None:
        # Soft wrapping leaves the line whole, however wide rich believes the file to be.
        show_text(self._console, line)
        self._last_line = self._clock()
