"""`tandem export`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.names import ExportPrecision


@command
def export_command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A run's directory, or a checkpoint's.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="The new export, beside the model with -onnx behind its name if not said.",
        ),
    ] = None,
    precision: Annotated[
        ExportPrecision,
        typer.Option("--precision", help="int8 is a quarter as large, and its outputs may differ a little."),
    ] = "float32",
) -> None:
    """Write a model as ONNX graphs, which translate without PyTorch.

    - `tandem export runs/mine`
    - `tandem export runs/mine --precision int8 --out mine-small`
    - `tandem translate runs/mine-onnx "Guten Morgen!"`: use it like any model

    Both the model and the export then translate the samples of the run's last validation, and made sources; an export
    in float32 whose outputs differ is not kept.
    """
    from tandem.console import PrintableConsole, show_text
    from tandem.runs import export
    from tandem.terminal import shell_command

    made = export(model, out=out, precision=precision)
    use = shell_command("tandem", "translate", made.directory, "--help")
    show_text(
        PrintableConsole(),
        f"The export is in {made.directory}, {made.size / 1e6:.1f} MB. {made.equal} of {made.outputs} outputs are the "
        f"model's own; log-probabilities differ by up to {made.difference:.1g} nats a token. Use it:\n  {use}",
    )
