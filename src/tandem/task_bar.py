"""How far a long piece of work has come, for people."""

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tandem.console import announce


class TaskBar:
    """How far a long piece of work has come: a bar in a terminal, a line now and then anywhere else."""

    def __init__(self, console: Console, seconds: float = 10, clock: Callable[[], float] = time.monotonic) -> None:
        """Show nothing before the first call. `seconds` is the least time between two lines."""
        self._console = console
        self._seconds = seconds
        self._clock = clock
        self._last = clock()
        self._bar: Progress | None = None

    def __call__(self, task: str, done: int, total: int | None) -> None:
        """Show how much of a task is done; `total` is None where it is not known."""
        if self._console.is_terminal:
            self._draw(task, done, total)
        elif done and self._clock() - self._last >= self._seconds:
            self._last = self._clock()
            announce(self._console, f"{task}: {done:,}{'' if total is None else f' of {total:,}'}")

    def _draw(self, name: str, done: int, total: int | None) -> None:
        if self._bar is None:
            description = TextColumn("{task.description}", markup=False)
            columns = (description, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            # Work may come in large pieces, each of which takes longer than the usual 30 seconds.
            self._bar = Progress(*columns, console=self._console, transient=True, speed_estimate_period=600)
            self._bar.start()
        if not self._bar.tasks or self._bar.tasks[-1].fields["name"] != name:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(name, total=total, name=name)
        self._bar.update(
            self._bar.task_ids[-1], completed=done, total=total, description=name if total else f"{name}: {done:,}"
        )

    def close(self) -> None:
        """Take the bar away; a second call does nothing."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        """Return the bar itself, which the end of the block takes away."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self.close()
