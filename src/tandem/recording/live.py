"""How a training is shown to people: a moving display in a terminal, plain lines anywhere else."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, assert_never

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tandem.console import announce, show_text
from tandem.recording import wording
from tandem.recording.progress import TrainingProgress
from tandem.recording.recorder import Recorder
from tandem.task_bar import TaskBar
from tandem.terminal import Notify, OnProgress
from tandem.training.events import Event, Finished, Started, StepDone, Validated


class TrainingDisplay(NamedTuple):
    """What a training calls so that it is shown."""

    notify: Notify
    on_progress: OnProgress
    recorders: Sequence[Recorder]


@contextmanager
def training_display(console: Console | None) -> Iterator[TrainingDisplay]:
    """Yield a display on a console; without one, a display that shows nothing."""
    if console is None:
        yield TrainingDisplay(lambda _: None, lambda *_: None, ())
        return
    with TaskBar(console) as bar:

        def notify(sentence: str) -> None:
            bar.close()
            announce(console, sentence)

        yield TrainingDisplay(notify, bar, (live_display(console),))


def live_display(console: Console) -> Recorder:
    """Return the display that suits the console: moving in a terminal, else plain lines."""
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console)
    return PlainLines(console)


class PlainLines:
    """A recorder that prints a line now and then and a few after each epoch, without control codes."""

    def __init__(self, console: Console, seconds: float = 10, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: the least time between two lines about steps. `clock`: see `TrainingProgress`."""
        self._console = console
        self._seconds = seconds
        self._clock = clock
        self._progress = TrainingProgress(clock)
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


class LiveDisplay:
    """A recorder that keeps a progress bar at the bottom of a terminal and a table of epochs above it."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is shown before the training starts. `clock`: see `TrainingProgress`."""
        self._console = console
        self._progress = TrainingProgress(clock)
        self._scores: tuple[str, ...] | None = None
        # Four times a second is enough to see it move and costs the training nothing.
        self._live = Live(console=console, get_renderable=self.bottom, refresh_per_second=4, transient=True)

    def record(self, event: Event) -> None:
        """Show the event."""
        self._progress.follow(event)
        match event:
            case Started():
                self._console.print(Text(wording.beginning(event)))
                self._live.start(refresh=True)
            case StepDone():
                pass  # The bar redraws itself.
            case Validated():
                self._show_epoch(event)
            case Finished():
                self._live.stop()
                self._console.print(Text(wording.ending(event)))
            case _:
                assert_never(event)

    def close(self) -> None:
        """Take the bar away and give the terminal back; a second call does nothing."""
        self._live.stop()

    def bottom(self) -> RenderableType:
        """Return what the bottom of the terminal shows now: the bar and the figures."""
        progress = self._progress
        line = Table.grid(padding=(0, 2, 0, 0), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        bar = ProgressBar(total=progress.steps_of_epoch, completed=progress.step_in_epoch)
        steps = f"{progress.step_in_epoch}/{progress.steps_of_epoch}"
        line.add_row(f"epoch {progress.epoch}/{progress.epochs}", bar, steps)
        below = "validating ..." if progress.validating else wording.standing(progress)
        return Group(line, Text(below, style="dim", no_wrap=True, overflow="ellipsis"))

    def _show_epoch(self, event: Validated) -> None:
        scores = tuple(event.validation.scores)
        if self._scores != scores:
            self._scores = scores
            self._console.print(_one_line(wording.table_header(scores), "bold"))
        self._console.print(_one_line(wording.table_row(event), "green" if event.best else ""))
        samples = Table.grid(padding=(0, 2, 0, 0))
        for sample in event.validation.samples[: wording.SAMPLES]:
            for label, text in wording.sample_lines(sample):
                samples.add_row(Text(label, style="dim"), Text(text, overflow="fold"))
            samples.add_row()
        if samples.row_count:
            self._console.print(Padding(samples, (1, 0, 0, 8)))
            # The next row stands far below these headings, or the headings have scrolled away.
            self._scores = None


def _one_line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="crop")
