"""`tandem data`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import Command, command_app
from tandem.cli.downloads import download_progress
from tandem.cli.options import QuietOption, SettingsOption
from tandem.cli.streams import notify
from tandem.errors import OutputError

data_command = command_app(
    no_args_is_help=True, help="Download public corpora, prepare corpora, and show or clear the cache of prepared ones."
)


@data_command.callback()
def _data() -> None:
    """Download public corpora: `tandem data get multi30k`. Show prepared corpora: `tandem data cache`.

    Prepare those of a recipe: `tandem data prepare my.toml`.
    """


@data_command.command("cache", cls=Command)
def cache_command(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all of them. Trainings prepare their corpora again.")
    ] = False,
    clear_unfinished: Annotated[
        bool,
        typer.Option("--clear-unfinished", help="Remove only what preparations left that were stopped or failed."),
    ] = False,
) -> None:
    """Show which prepared corpora are cached, and where. They can be made again at any time.

    A preparation that was stopped or failed is listed, too. The same command goes on with it.

    - `tandem data cache`
    - `tandem data cache --clear-unfinished`
    - `tandem data cache --clear`
    """
    from datetime import datetime

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
            ("under way" if entry.busy else "unfinished") if entry.pairs is None else f"{entry.pairs:,}",
            f"{entry.size / 1e6:,.1f}",
            datetime.fromtimestamp(entry.written).astimezone().strftime("%Y-%m-%d %H:%M"),
            entry.folder.name,
        )
        for entry in cache.entries(folder)
    ]
    if rows:
        show_table(console, ("corpus", "pairs", "MB", "written", "folder"), "lrrll", rows)
    show_text(console, account())
    if clear or clear_unfinished:
        remaining = cache.clear(folder) if clear else cache.clear_unfinished(folder)
        show_text(console, f"after removing: {account()}")
        if remaining:
            raise OutputError("not removed:\n  " + "\n  ".join(remaining))


@data_command.command("prepare", cls=Command)
def prepare_command(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe: built in, or a file.")],
    settings: SettingsOption = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Hash the corpus and its prepared files again instead of trusting time stamps."),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Prepare the corpora of a recipe for training, and train nothing. What is prepared is in the cache afterwards.

    A corpus in shards, such as `source = "train.*.de"`, may be prepared by several processes, on several machines that
    share the cache (`TANDEM_CACHE`): give the same command on each.

    - `tandem data prepare my.toml`
    """
    from tandem.console import PrintableConsole, show_text
    from tandem.recipe import load_recipe
    from tandem.recording.live import training_display
    from tandem.runs.corpora import format_warnings, prepare_corpora, settle_formats

    wanted = load_recipe(recipe, settings or [])
    with training_display(PrintableConsole(quiet=quiet)) as display:
        wanted = settle_formats(wanted, display.notify)
        for warning in format_warnings(wanted.data):
            display.notify(warning)
        corpus = prepare_corpora(wanted, verify=verify, on_progress=display.on_progress, notify=display.notify)
    for message in corpus.messages:
        show_text(PrintableConsole(quiet=quiet), message)
    show_text(PrintableConsole(), f"{len(corpus.train.corpus):,} training pairs are prepared in {corpus.folder}")


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
