"""`tandem average`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command


@command
def average_command(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="The directories of runs or checkpoints.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The new checkpoint. It must not exist.")],
) -> None:
    """Write a checkpoint with the mean of several checkpoints' weights.

    - `tandem average runs/mine/checkpoints/epoch-016 runs/mine/checkpoints/epoch-018 --out runs/mean`
    - `tandem average runs/mine/checkpoints/* --out runs/mean`: all checkpoints that `training.keep_last` kept

    For a run, its best checkpoint is used. Vocabularies and model settings (except dropout) must be the same. The
    recipe is that of the first. Average only checkpoints of one training: the mean of the weights of two seeds is
    useless.
    """
    from tandem.console import PrintableConsole, show_text
    from tandem.runs import average
    from tandem.terminal import shell_command

    average(models, out=out, device="cpu")
    use = shell_command("tandem", "translate", out, "--help")
    show_text(PrintableConsole(), f"The mean of {len(models)} is in {out}. Use it:\n  {use}")
