"""`tandem export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.downloads import download_progress
from tandem.cli.streams import notify
from tandem.errors import OutputError
from tandem.names import ExportPrecision

if TYPE_CHECKING:
    from tandem.runs import Exported


@command
def export_command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The directory of a run or checkpoint.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="The new export. Default: MODEL-onnx.",
        ),
    ] = None,
    precision: Annotated[
        ExportPrecision,
        typer.Option("--precision", help="int8 is a quarter of the size; its outputs may differ a little."),
    ] = "float32",
    web: Annotated[
        Path | None,
        typer.Option(
            "--web",
            metavar="DIR",
            help="Write a web page instead, which translates in the browser, to this new folder.",
        ),
    ] = None,
) -> None:
    """Export a model as ONNX graphs, which translate without PyTorch.

    - `tandem export runs/mine`
    - `tandem export runs/mine --precision int8 --out mine-small`
    - `tandem translate runs/mine-onnx "Guten Morgen!"`: use it like any model
    - `tandem export runs/mine --precision int8 --web page`: a page for any web server

    The model and the export then translate the samples of the run's last validation and random sources. An export in
    float32 is kept only if its outputs are the same.
    """
    from tandem.console import PrintableConsole, show_text
    from tandem.runs import export
    from tandem.terminal import shell_command

    if web is not None:
        if out is not None:
            raise OutputError("--out and --web: a command writes an export or a page; leave out one of the two")
        _export_page(model, web, precision)
        return
    made = export(model, out=out, precision=precision)
    use = shell_command("tandem", "translate", made.directory, "--help")
    show_text(
        PrintableConsole(),
        f"The export is in {made.directory}, {made.size / 1e6:.1f} MB. {_compared(made)} Use it:\n  {use}",
    )


def _export_page(model: Path, directory: Path, precision: ExportPrecision) -> None:
    from tandem.console import PrintableConsole, show_text
    from tandem.runs import export_page
    from tandem.terminal import shell_command

    with download_progress(PrintableConsole(stderr=True)) as on_progress:
        page = export_page(model, directory, precision=precision, on_progress=on_progress, notify=notify)
    use = shell_command("python", "-m", "http.server", "--directory", page.directory)
    show_text(
        PrintableConsole(),
        f"The page is in {page.directory}: {page.size / 1e6:.1f} MB, {page.compressed / 1e6:.1f} MB where a server "
        f"compresses it. {_compared(page.model)} Any web server can serve it; on this machine, at "
        f"http://localhost:8000:\n  {use}",
    )


def _compared(made: "Exported") -> str:
    return (
        f"{made.equal} of {made.outputs} outputs are the model's own; log-probabilities differ by up to "
        f"{made.difference:.1g} nats a token."
    )
