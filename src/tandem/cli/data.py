"""`tandem data`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from tandem.cli.commands import Command, Group
from tandem.cli.options import QuietOption
from tandem.cli.streams import say
from tandem.corpora.download import fetch
from tandem.corpora.public import default_folder, lookup
from tandem.errors import OutputError
from tandem.preparation.cache import clear as clear_cache
from tandem.preparation.cache import default_cache, entries
from tandem.recording.console import PrintableConsole, show_text

data = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Fetch public corpora, see which prepared ones are kept.",
    rich_markup_mode="markdown",
)


@data.callback()
def _data() -> None:
    """Fetch public corpora: `tandem data get multi30k`. See what is prepared: `tandem data cache`."""


@data.command(cls=Command)
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all of them; trainings prepare their corpora anew.")
    ] = False,
) -> None:
    """Say which prepared corpora are kept, and where; what lies there can be made again at any time.

    - `tandem data cache`
    - `tandem data cache --clear`
    """
    where = default_cache()
    found = entries(where)
    console = PrintableConsole()
    table = Table("corpus", "pairs", "MB", "folder", show_edge=False, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for entry in found:
        pairs = "stopped" if entry.pairs is None else f"{entry.pairs:,}"
        table.add_row(Text(entry.name), pairs, f"{entry.size / 1e6:,.1f}", Text(entry.folder.name))
    if found:
        console.print(table)
    show_text(console, _total(where))
    if not clear:
        return
    left = clear_cache(where)
    show_text(console, f"after removing: {_total(where)}")
    if left:
        raise OutputError("not removed:\n  " + "\n  ".join(left))


def _total(cache: Path) -> str:
    """Describe how much the cache holds, in one line."""
    corpora = entries(cache)
    return f"{len(corpora)} prepared corpora, {sum(corpus.size for corpus in corpora) / 1e6:,.1f} MB in {cache}"


@data.command(cls=Command)
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The corpus: multi30k.")],
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to put it. Default: where recipes look for it.")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL|DIR", help="Fetch from here instead: another address, or a local folder.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Fetch a corpus file by file, each checked by its SHA-256; what is there already is kept.

    - `tandem data get multi30k`
    - `tandem data get multi30k --mirror /mnt/corpora/multi30k`
    """
    corpus = lookup(name)
    where = folder or default_folder() / name
    console = PrintableConsole(quiet=quiet)
    show_text(console, f"{corpus.title}\nLicence: {corpus.licence}")
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total)
            progress.update(tasks[file], completed=done, total=total)

        files = fetch(corpus, where, mirror=mirror, progress=show, say=say)
    show_text(PrintableConsole(), f"{len(files)} files in {where}")
