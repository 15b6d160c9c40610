"""The progress of downloads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tandem.terminal import OnProgress

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def download_progress(console: "Console") -> Iterator[OnProgress]:
    """Yield a function that shows how many bytes of a file have been downloaded."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def on_progress(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total)
            progress.update(tasks[file], completed=done, total=total)

        yield on_progress
