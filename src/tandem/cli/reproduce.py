"""`tandem reproduce`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.options import LARGEST_SAMPLES, DeviceOption, QuietOption, SettingsOption

if TYPE_CHECKING:
    from rich.console import Console

    from tandem.recipe import Recipe
    from tandem_reproduction import Reproduction

_LARGEST_PLAN = 1000  # The most trainings of a variant, and the most models of the ensemble


@command
def reproduce_command(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder for all results.")] = Path(
        "runs/reproduction"
    ),
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A recipe to use instead of the reduced one for Multi30k.")
    ] = None,
    settings: SettingsOption = None,
    seeds: Annotated[int, typer.Option(min=1, max=_LARGEST_PLAN, help="Trainings of each variant.")] = 3,
    members: Annotated[int, typer.Option(min=3, max=_LARGEST_PLAN, help="Models of the ensemble.")] = 5,
    samples: Annotated[
        int, typer.Option(min=1, max=LARGEST_SAMPLES, help="Bootstrap resamples of the sentences, for intervals.")
    ] = 1000,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Test the claims of "Sequence to Sequence Learning with Neural Networks" (2014) one by one, with small models.

    - `tandem data get multi30k`: first
    - `tandem reproduce`: the same command continues after a stop
    - `tandem reproduce --seeds 1 --members 3 --set training.epochs=2 --out runs/glance`: a quick glance

    It trains a reduced recipe with the source reversed or not, with 1 to 4 layers and with several seeds. It translates
    the test set with single models and ensembles, with several beam widths, and rescores n-best lists. Nothing is done
    twice. The table is printed, and written with all figures to DIR/reproduction.md and DIR/reproduction.json.
    """
    from tandem.cli.training import TrainingPlan, train_plan
    from tandem.console import PrintableConsole, announce
    from tandem.metrics.bootstrap import Resampling
    from tandem.terminal import shell_command
    from tandem_reproduction import Plan, reduced_recipe, reproduce

    console = PrintableConsole(quiet=quiet)
    plan = Plan(reduced_recipe(recipe, settings or []), seeds, members)
    command = shell_command("tandem", *sys.argv[1:])

    def train(wanted: "Recipe", run: Path, resume: bool) -> None:
        train_plan(TrainingPlan(wanted, run, resume=resume), console, device=device, resume_command=command)

    reproduction = reproduce(
        plan,
        out,
        train,
        resampling=Resampling(samples),
        device=device,
        notify=lambda sentence: announce(console, sentence),
    )
    _show(PrintableConsole(), reproduction)


def _show(console: "Console", reproduction: "Reproduction") -> None:
    """Print the claims and, for those that do not hold, a possible reason."""
    from rich.text import Text

    from tandem.console import show_table, show_text
    from tandem_reproduction import Verdict
    from tandem_reproduction.table import found_by

    colours = {Verdict.HOLDS: "green", Verdict.OPEN: "yellow", Verdict.FAILS: "red"}
    rows = [
        (
            claim.title,
            claim.says,
            "\n".join(map(found_by, claim.checks)),
            Text(claim.verdict.value, colours[claim.verdict]),
        )
        for claim in reproduction.claims
    ]
    console.print()
    show_table(console, ("claim", "the paper", "here", ""), "llll", rows, lines=True)
    for claim in reproduction.claims:
        if claim.verdict is not Verdict.HOLDS:
            console.print(Text(f"\n{claim.title}: {claim.verdict.value}. Likely because {claim.otherwise}"))
    show_text(console, f"\nAll figures: {reproduction.page}")
