"""What `tandem data` prints."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from tandem.console import show_text
from tandem.preparation.cache import entries


def show_cache(console: Console, folder: Path) -> None:
    """Print the prepared corpora in a cache, and their number and size."""
    table = Table("corpus", "pairs", "MB", "folder", show_edge=False, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for entry in entries(folder):
        pairs = "stopped" if entry.pairs is None else f"{entry.pairs:,}"
        table.add_row(Text(entry.name), pairs, f"{entry.size / 1e6:,.1f}", Text(entry.folder.name))
    if table.row_count:
        console.print(table)
    show_text(console, describe_cache(folder))


def describe_cache(folder: Path) -> str:
    """Return how much a cache holds, in one line."""
    corpora = entries(folder)
    return f"{len(corpora)} prepared corpora, {sum(corpus.size for corpus in corpora) / 1e6:,.1f} MB in {folder}"


@contextmanager
def download_progress(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """Yield what shows, for each file, how many of its bytes are there."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def on_progress(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total)
            progress.update(tasks[file], completed=done, total=total)

        yield on_progress
