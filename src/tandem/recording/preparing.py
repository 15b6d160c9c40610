"""What is shown before a training begins: lines to read, and how far the preparing of a corpus has come."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tandem.recording.console import show_text


def announce(console: Console, line: str) -> None:
    """One line of what a user should know before a training begins."""
    show_text(console, f"• {line}")


class PreparingBar:
    """How far the preparing of a corpus has come: a bar in a terminal, a line now and then anywhere else."""

    def __init__(self, console: Console, seconds: float = 10, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is shown before the first call. `seconds`: the least time between two lines."""
        self._console = console
        self._seconds = seconds
        self._clock = clock
        self._last = clock()
        self._bar: Progress | None = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show that so much of what there is to do is done; `total` is None where it isn't known."""
        if not self._console.is_terminal:
            if done and self._clock() - self._last >= self._seconds:
                self._last = self._clock()
                announce(self._console, f"{what}: {done:,}{'' if total is None else f' of {total:,}'}")
            return
        if self._bar is None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.start()
        if not self._bar.tasks or self._bar.tasks[-1].fields["what"] != what:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(what, total=total, what=what)
        description = what if total else f"{what}: {done:,}"
        self._bar.update(self._bar.task_ids[-1], completed=done, total=total, description=description)

    def close(self) -> None:
        """Take the bar away; a second call does nothing."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
