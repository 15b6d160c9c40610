"""Prints the results of `tandem analyse`."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from rich.console import Console

from tandem.analysis import Analysis, Attention, Findings
from tandem.analysis.alignments import Alignment
from tandem.analysis.breakdown import Breakdown
from tandem.cli.streams import print_json
from tandem.console import PrintableConsole, show_table, show_text
from tandem.metrics.bootstrap import Interval
from tandem.report import analysis_figures
from tandem.terminal import opening_command

_ALIGNED = 3  # The number of translations of each model that are shown with their attention
_MISTAKES = 8  # The number of mistakes of each kind that are shown; the page has more


def show_analysis(analysis: Analysis, page: Path, *, as_json: bool) -> None:
    """Print the main findings in tables and the path of the page, or all figures as JSON."""
    if as_json:
        print_json(analysis_figures(analysis))
        return
    console, findings = PrintableConsole(), analysis.findings
    _show_scores(console, findings)
    _show_comparisons(console, findings)
    _show_breakdown(console, "BLEU by words in the source", findings.by_length, findings)
    _show_breakdown(console, f"BLEU by {findings.by_frequency.prop}", findings.by_frequency, findings)
    _show_mistakes(console, findings)
    _show_attention(console, analysis.attention)
    if analysis.contexts is not None and (grouping := analysis.contexts.grouping) is not None:
        show_text(console, "\nContexts of phrases", "bold")
        show_text(
            console,
            f"distance {grouping.within:.1f} within a group, {grouping.between:.1f} between groups; "
            f"silhouette {grouping.silhouette:.2f}; nearest phrase of the same group: {grouping.nearest:.0f} % "
            f"({grouping.nearest_by_chance:.0f} % by chance)",
        )
    show_text(console, f"\n{findings.sources:,} sources. Everything, with pictures:\n  {opening_command(page)}")


def _show_scores(console: Console, findings: Findings) -> None:
    rows = [
        (score.name, f"{score.bleu.value:.2f}", _range(score.bleu), f"{score.chrf:.2f}") for score in findings.scores
    ]
    show_table(console, ("system", "BLEU", "95 %", "chrF2"), "lrrr", rows)
    show_text(console, findings.scores[0].signatures[0], "dim")


def _show_comparisons(console: Console, findings: Findings) -> None:
    """Print comparisons by BLEU; the page also has those by chrF2."""
    tests = [test for test in findings.comparisons if test.metric == "BLEU"]
    if not tests:
        return
    show_text(console, f"\nDifference from {tests[0].baseline}, and its significance", "bold")
    differences = [score.difference for score in findings.scores if score.difference is not None]
    rows = [
        (
            test.system,
            f"{more.value:+.2f}",
            f"{more.low:+.1f} to {more.high:+.1f}",
            f"{test.p_bootstrap:.4f}",
            f"{test.p_randomisation:.4f}",
        )
        for test, more in zip(tests, differences, strict=True)
    ]
    show_table(console, ("system", "BLEU", "95 %", "p, bootstrap", "p, randomised"), "lrrrr", rows)
    for signature in tests[0].signatures:
        show_text(console, signature, "dim")


def _show_breakdown(console: Console, title: str, breakdown: Breakdown, findings: Findings) -> None:
    show_text(console, f"\n{title}", "bold")
    headings = ("from", "to", "sentences", *(score.name for score in findings.scores))
    rows = [
        (
            f"{part.low:,.0f}",
            f"{part.high:,.0f}",
            str(part.sentences),
            *(f"{score.value:.1f} ({_range(score)})" for score in part.scores),
        )
        for part in breakdown.bins
    ]
    show_table(console, headings, "r" * len(headings), rows)


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
        rows = zip_longest(swapped, missed, added, fillvalue="")
        show_table(console, ("written instead of another", "missed", "added"), "lll", rows)


def _show_attention(console: Console, attention: Sequence[Attention]) -> None:
    """Print figures of attention and, for some translations, the source token that each token attended to most."""
    if not attention:
        return
    show_text(console, f"\nAttention in {attention[0].sources:,} translations", "bold")
    headings = ("system", "largest weight", "tokens looked at", "on <sos>, <eos>", "not going back", "never looked at")
    rows = [
        (
            summary.system,
            f"{summary.largest:.1f} %",
            f"{summary.positions:.2f}",
            f"{summary.frame:.1f} %",
            "" if summary.monotone is None else f"{summary.monotone:.1f} %",
            f"{summary.passed_over:.1f} %",
        )
        for summary in attention
    ]
    show_table(console, headings, "lrrrrr", rows)
    for summary in attention:
        of = f" by {summary.system}" if len(attention) > 1 else ""
        if summary.words:
            words = ", ".join(f"{word.word} ({word.count} of {word.of:,})" for word in summary.words[:_MISTAKES])
            show_text(console, f"never looked at{of}: {words}")
        for sample in summary.samples[:_ALIGNED]:
            show_text(console, f"\n{sample.text}{of}", "dim")
            show_text(console, "  ".join(_looks(sample)))


def _looks(sample: Alignment) -> Iterator[str]:
    for token, weights in zip(sample.target_tokens, sample.weights, strict=True):
        most = max(weights)
        yield f"{token}←{sample.source_tokens[weights.index(most)]} {most:.2f}"


def _range(interval: Interval) -> str:
    return f"{interval.low:.1f} to {interval.high:.1f}"
