"""What `tandem reproduce` prints."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tandem.console import show_text
from tandem_reproduction import Reproduction, Verdict
from tandem_reproduction.table import found_by

_COLOURS = {Verdict.HOLDS: "green", Verdict.OPEN: "yellow", Verdict.FAILS: "red"}


def show_reproduction(console: Console, reproduction: Reproduction) -> None:
    """Print the claims, and why those that do not hold may not."""
    table = Table("claim", "the paper", "here", "", show_edge=False, pad_edge=False, show_lines=True)
    for claim in reproduction.claims:
        here = "\n".join(map(found_by, claim.checks))
        verdict = Text(claim.verdict.value, style=_COLOURS[claim.verdict])
        table.add_row(Text(claim.title), Text(claim.says), Text(here), verdict)
    console.print()
    console.print(table)
    for claim in reproduction.claims:
        if claim.verdict is not Verdict.HOLDS:
            console.print(Text(f"\n{claim.title}: {claim.verdict.value}. Likely because {claim.otherwise}"))
    show_text(console, f"\nAll figures: {reproduction.page}")
