"""What `tandem compare` prints: tables for people, or an object for JSON."""

import shlex
import sys
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tandem.console import show_text
from tandem.metrics.tables import RESAMPLED
from tandem.runs.changes import shown
from tandem.runs.comparison import RunComparison


def show_comparison(console: Console, comparison: RunComparison) -> None:
    """Print a table for each score, and what differs between the systems."""
    for name in comparison.signatures:
        _show_score(console, comparison, name)
    _show_settings(console, comparison)
    show_text(console, f"{comparison.sources:,} different sources")


def _show_score(console: Console, comparison: RunComparison, name: str) -> None:
    first, *others = comparison.systems
    better = "higher" if RESAMPLED[name].higher_is_better else "lower"
    console.print(Text(f"{name} ({better} is better)", style="bold"))
    table = _table("system", "runs", "mean", "deviation", "lowest", "highest")
    for system in comparison.systems:
        spread = system.spreads[name]
        deviation = "-" if spread.deviation is None else f"{spread.deviation:.2f}"
        figures = f"{spread.mean:.2f}", deviation, f"{spread.lowest:.2f}", f"{spread.highest:.2f}"
        table.add_row(Text(system.name), str(len(system.runs)), *figures)
    console.print(table)
    signature = comparison.signatures[name]
    if others:
        table = _table(f"difference from {first.name}", "mean", "95 %", "p")
        for system in others:
            difference = system.differences[name]
            more = difference.interval
            interval = f"{more.low:+.2f} to {more.high:+.2f}"
            table.add_row(Text(system.name), f"{more.value:+.2f}", interval, f"{difference.p_value:.4f}")
        console.print(table)
        signature += f"|{comparison.resampling}"
    show_text(console, f"{signature}\n", "dim")


def _table(*headings: str) -> Table:
    table = Table(*(Column(Text(heading), justify="right") for heading in headings), show_edge=False, pad_edge=False)
    table.columns[0].justify = "left"
    return table


def _show_settings(console: Console, comparison: RunComparison) -> None:
    console.print(Text("The systems", style="bold"))
    table = Table("", *(Column(Text(system.name)) for system in comparison.systems), show_edge=False, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    table.add_row("seeds", *(", ".join(str(run.seed) for run in system.runs) for system in comparison.systems))
    table.add_row("search", *(system.search for system in comparison.systems))
    for name, values in comparison.settings.items():
        table.add_row(Text(name), *(Text(shown(value)) for value in values))
    console.print(table)
    console.print()


def comparison_figures(comparison: RunComparison) -> dict[str, Any]:
    """Return the whole comparison for JSON, with the command that made it."""
    systems = [
        {
            "name": system.name,
            "search": system.search,
            "runs": [{"path": str(run.path), "seed": run.seed, "scores": dict(run.scores)} for run in system.runs],
            "scores": {
                name: asdict(spread)
                | ({"difference": asdict(system.differences[name])} if name in system.differences else {})
                for name, spread in system.spreads.items()
            },
        }
        for system in comparison.systems
    ]
    return {
        "command": shlex.join(["tandem", *sys.argv[1:]]),
        "sources": comparison.sources,
        "signatures": dict(comparison.signatures),
        "resampling": comparison.resampling,
        "systems": systems,
        "settings": {name: list(values) for name, values in comparison.settings.items()},
    }
