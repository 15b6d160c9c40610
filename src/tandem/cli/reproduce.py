"""`tandem reproduce`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tandem.cli.options import LARGEST_SAMPLES, DeviceOption, QuietOption, SettingsOption
from tandem.cli.show import announce
from tandem.cli.train import train_run
from tandem.metrics.bootstrap import Resampling
from tandem.recipe import Recipe
from tandem.recording.console import PrintableConsole, show_text
from tandem.terminal import shell_command
from tandem_reproduction import Plan, Reproduction, Verdict, reduced_recipe, reproduce
from tandem_reproduction.table import found_by

_LARGEST_PLAN = 1000
"""Trainings of a variant, and models of the ensemble."""
_COLOURS = {Verdict.HOLDS: "green", Verdict.OPEN: "yellow", Verdict.FAILS: "red"}


def reproduce_command(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where all of it is kept.")] = Path(
        "runs/reproduction"
    ),
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another recipe than the reduced one for Multi30k.")
    ] = None,
    settings: SettingsOption = None,
    seeds: Annotated[int, typer.Option(min=1, max=_LARGEST_PLAN, help="Trainings of each variant.")] = 3,
    members: Annotated[int, typer.Option(min=3, max=_LARGEST_PLAN, help="Models of the ensemble.")] = 5,
    samples: Annotated[
        int, typer.Option(min=1, max=LARGEST_SAMPLES, help="Resamples of the sentences, for intervals.")
    ] = 1000,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Look at the claims of "Sequence to Sequence Learning with Neural Networks" (2014) one by one, with small models.

    - `tandem data get multi30k`: first
    - `tandem reproduce`: go on with it by the same command, whenever it was stopped
    - `tandem reproduce --seeds 1 --members 3 --set training.epochs=2 --out runs/glance`: a quick glance

    Trains a reduced recipe with the source reversed or not, with 1 to 4 layers and with several seeds; translates the
    test corpus with single models and ensembles, with several beams; rescores n-best lists. What is done is not done
    again. The table is printed, and written with all figures to DIR/reproduction.md and DIR/reproduction.json.
    """
    console = PrintableConsole(quiet=quiet)
    plan = Plan(reduced_recipe(recipe, settings or []), seeds, members)

    def train(wanted: Recipe, run: Path, resume: bool) -> None:
        again = shell_command("tandem", *sys.argv[1:])
        train_run(wanted, run, console, device=device, resume=resume, again=again)

    found = reproduce(
        plan,
        out,
        train,
        resampling=Resampling(samples),
        device=device,
        notify=lambda line: announce(console, line),
    )
    _show(PrintableConsole(), found)


def _show(console: Console, found: Reproduction) -> None:
    table = Table("claim", "the paper", "here", "", show_edge=False, pad_edge=False, show_lines=True)
    for claim in found.claims:
        here = "\n".join(map(found_by, claim.checks))
        verdict = Text(claim.verdict.value, style=_COLOURS[claim.verdict])
        table.add_row(Text(claim.title), Text(claim.says), Text(here), verdict)
    console.print()
    console.print(table)
    for claim in found.claims:
        if claim.verdict is not Verdict.HOLDS:
            console.print(Text(f"\n{claim.title}: {claim.verdict.value}. Likely because {claim.otherwise}"))
    show_text(console, f"\nAll figures: {found.page}")
