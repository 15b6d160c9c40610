"""Prints the results of `tandem compare`."""

import shlex
import sys
from dataclasses import asdict
from typing import Any

from rich.console import Console

from tandem.cli.streams import print_json
from tandem.console import PrintableConsole, show_table, show_text
from tandem.metrics.tables import RESAMPLED
from tandem.runs.changes import shown
from tandem.runs.comparison import RunComparison


def show_comparison(comparison: RunComparison, *, as_json: bool) -> None:
    """Print a table for each score and the settings that differ between the systems, or all figures as JSON."""
    if as_json:
        print_json(_figures(comparison))
        return
    console = PrintableConsole()
    for name in comparison.signatures:
        _show_score(console, comparison, name)
    show_text(console, "The systems", "bold")
    systems = comparison.systems
    rows = [
        ["seeds", *(", ".join(str(run.seed) for run in system.runs) for system in systems)],
        ["search", *(system.search for system in systems)],
        *([name, *map(shown, values)] for name, values in comparison.settings.items()),
    ]
    show_table(console, ["", *(system.name for system in systems)], "l" * (1 + len(systems)), rows)
    show_text(console, f"\n{comparison.sources:,} different sources")


def _show_score(console: Console, comparison: RunComparison, name: str) -> None:
    first, *others = comparison.systems
    better = "higher" if RESAMPLED[name].higher_is_better else "lower"
    show_text(console, f"{name} ({better} is better)", "bold")
    rows: list[tuple[str, ...]] = []
    for system in comparison.systems:
        spread = system.spreads[name]
        deviation = "-" if spread.deviation is None else f"{spread.deviation:.2f}"
        figures = f"{spread.mean:.2f}", deviation, f"{spread.lowest:.2f}", f"{spread.highest:.2f}"
        rows.append((system.name, str(len(system.runs)), *figures))
    show_table(console, ("system", "runs", "mean", "deviation", "lowest", "highest"), "lrrrrr", rows)
    signature = comparison.signatures[name]
    if others:
        rows = []
        for system in others:
            more, p_value = system.differences[name].interval, system.differences[name].p_value
            interval = f"{more.low:+.2f} to {more.high:+.2f}"
            rows.append((system.name, f"{more.value:+.2f}", interval, f"{p_value:.4f}"))
        show_table(console, (f"difference from {first.name}", "mean", "95 %", "p"), "lrrr", rows)
        signature += f"|{comparison.resampling}"
    show_text(console, f"{signature}\n", "dim")


def _figures(comparison: RunComparison) -> dict[str, Any]:
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
