"""What the commands print for people."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tandem.cli.streams import say
from tandem.metrics import Score
from tandem.recording.preparing import PreparingBar as PreparingBar
from tandem.recording.preparing import announce as announce
from tandem.run.train import TrainingResult
from tandem.translator import MAX_SOURCE_CHARACTERS, MAX_SOURCE_TOKENS


def say_cut(sources: Sequence[str], what: str) -> None:
    """Say of which sources, if any, only the beginning was read; `what` was made of that."""
    if sources:
        many = f"{len(sources):,} sources are" if len(sources) > 1 else "1 source is"
        first = sources[0][:40]
        say(
            f"{many} too long: only the first {MAX_SOURCE_TOKENS:,} tokens (or {MAX_SOURCE_CHARACTERS:,} characters) "
            f"were {what}. The first begins with {first!r}"
        )


def show_scores(console: Console, scores: Sequence[Score]) -> None:
    """A table of scores with their signatures."""
    table = Table("score", "", "signature", show_edge=False, pad_edge=False)
    table.columns[1].justify = "right"
    table.columns[2].overflow = "fold"
    for score in scores:
        table.add_row(
            score.name, f"{score.value:.3f}" if score.value < 10 else f"{score.value:.2f}", Text(score.signature)
        )
    console.print(table)


def show_result(console: Console, out: Path, result: TrainingResult, examples: Sequence[tuple[str, str]] = ()) -> None:
    """The end of a training: scores, example translations (source, translation), what to type next."""
    console.print()
    show_scores(console, result.evaluation.scores)
    evaluation = result.evaluation
    console.print(f"\non {evaluation.pairs:,} pairs of the {result.evaluated_on} corpus\n", highlight=False)
    for source, translation in examples:
        console.print(Text(f"  {source}  →  {translation}"), soft_wrap=True)
    if examples:
        console.print()
    example, run = shlex.quote(evaluation.samples[0].source), shlex.quote(str(out))
    console.print(
        Text.from_markup("[bold]Next[/]\n").append(
            f"  open {result.report}\n  tandem translate {run} {example}\n  tandem translate {run} --help\n"
        ),
        soft_wrap=True,
    )
