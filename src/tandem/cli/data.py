"""`tandem data`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import Command, command_app
from tandem.cli.downloads import download_progress
from tandem.cli.options import QuietOption
from tandem.cli.streams import notify
from tandem.errors import OutputError

data_command = command_app(
    no_args_is_help=True, help="Download public corpora, and show or clear the cache of prepared ones."
)


@data_command.callback()
def _data() -> None:
    """Download public corpora: `tandem data get multi30k`. Show prepared corpora: `tandem data cache`."""


@data_command.command("cache", cls=Command)
def cache_command(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all of them. Trainings prepare their corpora again.")
    ] = False,
) -> None:
    """Show which prepared corpora are cached, and where. They can be made again at any time.

    - `tandem data cache`
    - `tandem data cache --clear`
    """
    from tandem.console import PrintableConsole, show_table, show_text
    from tandem.preparation import cache

    folder, console = cache.default_cache(), PrintableConsole()

    def account() -> str:
        kept = cache.entries(folder)
        contexts = sum(entry.contexts for entry in kept)
        beside = f" and the contexts of {contexts}" if contexts else ""
        size = sum(entry.size for entry in kept) / 1e6
        return f"{len(kept) - contexts} prepared corpora{beside}, {size:,.1f} MB in {folder}"

    rows = [
        (
            entry.name,
            "stopped" if entry.pairs is None else f"{entry.pairs:,}",
            f"{entry.size / 1e6:,.1f}",
            entry.folder.name,
        )
        for entry in cache.entries(folder)
    ]
    if rows:
        show_table(console, ("corpus", "pairs", "MB", "folder"), "lrrl", rows)
    show_text(console, account())
    if clear:
        remaining = cache.clear(folder)
        show_text(console, f"after removing: {account()}")
        if remaining:
            raise OutputError("not removed:\n  " + "\n  ".join(remaining))


@data_command.command("get", cls=Command)
def get_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The corpus: multi30k.")],
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder to put it in. Default: where recipes look for it.")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL|DIR", help="Download from another address, or copy from a local folder.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Download a corpus, and check each file by its SHA-256. Files that are already there are kept.

    - `tandem data get multi30k`
    - `tandem data get multi30k --mirror /mnt/corpora/multi30k`
    """
    from tandem.console import PrintableConsole, show_text
    from tandem.corpora.download import fetch
    from tandem.corpora.public import default_folder, lookup

    corpus = lookup(name)
    where = folder or default_folder() / name
    console = PrintableConsole(quiet=quiet)
    show_text(console, f"{corpus.title}\nLicence: {corpus.licence}")
    with download_progress(console) as on_progress:
        files = fetch(corpus, where, mirror=mirror, on_progress=on_progress, notify=notify)
    show_text(PrintableConsole(), f"{len(files)} files in {where}")
