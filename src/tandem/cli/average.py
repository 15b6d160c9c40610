"""`tandem average`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command


@command
def average_command(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Runs' directories, or checkpoints'.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The new checkpoint. It must not be there.")],
) -> None:
    """Write a checkpoint whose weights are the mean of those of several.

    - `tandem average runs/mine/checkpoints/epoch-016 runs/mine/checkpoints/epoch-018 --out runs/mean`
    - `tandem average runs/mine/checkpoints/* --out runs/mean`: all that `training.keep_last` kept

    Of a run its best checkpoint is taken. Vocabularies and model settings but for dropout must be the same; the
    recipe is the first one's. Checkpoints of one training are meant: the mean of the weights of two seeds knows
    nothing.
    """
    from tandem.console import PrintableConsole, show_text
    from tandem.runs import average
    from tandem.terminal import shell_command

    average(models, out=out, device="cpu")
    use = shell_command("tandem", "translate", out, "--help")
    show_text(PrintableConsole(), f"The mean of {len(models)} is in {out}. Use it:\n  {use}")
