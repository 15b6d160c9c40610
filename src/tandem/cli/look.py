"""`tandem look`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import ModelOptions
from tandem.cli.streams import notify


@dataclass(frozen=True)
class PageOptions(OptionGroup):
    """Where the page is, and who may ask it."""

    panel = "The page"

    host: str = option("127.0.0.1", metavar="ADDRESS", help="The address to listen on; 0.0.0.0 is all of IPv4.")
    port: int = option(0, min=0, max=65535, help="The port; 0 chooses a free one.")
    no_open: bool = option(False, "--no-open", help="Do not open the browser.")
    tokens: Path | None = option(
        None,
        metavar="FILE",
        help="Require one of the tokens in this file, one per line, and let the page stop and resume trainings.",
    )


@command
def look_command(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]RUN...", help="Runs, also while they train. The default NAME is the last part of the path."
        ),
    ],
    *,
    page: PageOptions,
    model: ModelOptions,
) -> None:
    """Watch trainings while they run, and explore what their models do, on a page in the browser.

    - `tandem look runs/mine`
    - `tandem look runs/mine runs/other`: two trainings side by side
    - `tandem look runs/mine --tokens tokens.txt`: also stop and resume it from the page

    The model is available after the first validation, and is loaded again after each validation that is the best so
    far.
    """
    import starlette  # noqa: F401 - if it is missing, this error comes first
    import uvicorn  # noqa: F401

    from tandem.model_paths import checkpoint_of
    from tandem.runs.watched_run import is_run
    from tandem.serving.browser import has_display, show
    from tandem.serving.limits import Limits
    from tandem.serving.running import serve
    from tandem.serving.server_settings import ServerSettings
    from tandem.serving.sockets import bound_socket
    from tandem.serving.sources import sources_of

    sources = sources_of(runs, [], [])
    for source in sources:
        for path in source.paths:
            if not is_run(path):
                checkpoint_of(path)  # a model that is not a run is allowed as well

    def on_listening(address: str) -> None:
        shown = f"{address}/#training"
        notify(f"{', '.join(source.name for source in sources)}: {shown} (Ctrl-C ends)")
        if has_display() and not page.no_open:
            show(shown)

    settings = ServerSettings(Limits(), page.tokens, origins=(), follow=True, log_texts=False, later=True)
    with bound_socket(page.host, page.port) as bound:
        serve(
            sources,
            bound,
            settings,
            model.load,
            write_line=lambda _: None,
            notify=notify,
            on_listening=on_listening,
        )
