"""What `tandem analyse` prints for people."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tandem.analysis import Analysis, Findings, Plane
from tandem.analysis.breakdown import Breakdown
from tandem.console import show_text
from tandem.metrics.bootstrap import Interval
from tandem.terminal import opening_command

_MISTAKES = 8
"""The number of mistakes of each kind that are shown; the page has more."""


def show_analysis(console: Console, analysis: Analysis, page: Path) -> None:
    """Print the main findings in tables, and where the page is."""
    findings = analysis.findings
    _show_scores(console, findings)
    _show_comparisons(console, findings)
    _show_breakdown(console, "BLEU by words in the source", findings.by_length, findings)
    _show_breakdown(console, f"BLEU by {findings.by_frequency.prop}", findings.by_frequency, findings)
    _show_mistakes(console, findings)
    if analysis.contexts is not None:
        _show_grouping(console, analysis.contexts)
    console.print(
        Text(f"\n{findings.sources:,} sources. All of it, and pictures:\n  {opening_command(page)}"), soft_wrap=True
    )


def _show_scores(console: Console, findings: Findings) -> None:
    table = _table("system", "BLEU", "95 %", "chrF2")
    for score in findings.scores:
        table.add_row(Text(score.name), f"{score.bleu.value:.2f}", _range(score.bleu), f"{score.chrf:.2f}")
    console.print(table)
    _show_signatures(console, findings.scores[0].signatures[:1])


def _show_comparisons(console: Console, findings: Findings) -> None:
    """Print comparisons by BLEU; the page has those by chrF2, too."""
    tests = [test for test in findings.comparisons if test.metric == "BLEU"]
    if not tests:
        return
    show_text(console, f"\nMore than {tests[0].baseline}, and whether by chance", "bold")
    table = _table("system", "BLEU", "95 %", "p, bootstrap", "p, randomised")
    differences = [score.difference for score in findings.scores if score.difference is not None]
    for test, more in zip(tests, differences, strict=True):
        table.add_row(
            Text(test.system),
            f"{more.value:+.2f}",
            f"{more.low:+.1f} to {more.high:+.1f}",
            f"{test.p_bootstrap:.4f}",
            f"{test.p_randomisation:.4f}",
        )
    console.print(table)
    _show_signatures(console, tests[0].signatures)


def _show_signatures(console: Console, signatures: Sequence[str]) -> None:
    for signature in signatures:
        show_text(console, signature, "dim")


def _show_breakdown(console: Console, title: str, breakdown: Breakdown, findings: Findings) -> None:
    show_text(console, f"\n{title}", "bold")
    table = _table("from", "to", "sentences", *(score.name for score in findings.scores))
    for part in breakdown.bins:
        scores = [f"{score.value:.1f} ({_range(score)})" for score in part.scores]
        table.add_row(f"{part.low:,.0f}", f"{part.high:,.0f}", str(part.sentences), *scores)
    table.columns[0].justify = "right"
    console.print(table)


def _show_mistakes(console: Console, findings: Findings) -> None:
    for mistakes in findings.confusions:
        if not (mistakes.substitutions or mistakes.missed or mistakes.added):
            continue
        show_text(console, f"\nThe commonest mistakes of {mistakes.system}", "bold")
        swapped = [f"{c.wanted} → {c.written}  {c.count} of {c.of:,}" for c in mistakes.substitutions[:_MISTAKES]]
        missed, added = (
            [f"{word.word}  {word.count} of {word.of:,}" for word in words[:_MISTAKES]]
            for words in (mistakes.missed, mistakes.added)
        )
        table = _table("put out in place of others", "missed", "added")
        for column in table.columns:
            column.justify = "left"
        for number in range(max(len(swapped), len(missed), len(added))):
            table.add_row(*(Text(_at(column, number)) for column in (swapped, missed, added)))
        console.print(table)


def _show_grouping(console: Console, plane: Plane) -> None:
    if plane.grouping is not None:
        grouping = plane.grouping
        console.print(Text("\nContexts of phrases", style="bold"))
        console.print(
            Text(
                f"distance {grouping.within:.1f} within a group, {grouping.between:.1f} between groups; "
                f"silhouette {grouping.silhouette:.2f}; nearest phrase of the same group: {grouping.nearest:.0f} % "
                f"({grouping.nearest_by_chance:.0f} % by chance)"
            ),
            soft_wrap=True,
        )


def _table(first: str, *others: str) -> Table:
    """Return a table whose columns are figures, except the first. Names of systems may hold what looks like markup."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(Text(first), overflow="fold")
    for name in others:
        table.add_column(Text(name), justify="right", overflow="fold")
    return table


def _range(interval: Interval) -> str:
    return f"{interval.low:.1f} to {interval.high:.1f}"


def _at(column: Sequence[str], number: int) -> str:
    return column[number] if number < len(column) else ""
