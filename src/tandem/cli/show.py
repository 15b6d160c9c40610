"""Prints the results of several commands as text."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from tandem.cli.streams import print_json
from tandem.console import PrintableConsole, show_table, show_text
from tandem.model_paths import checkpoint_of
from tandem.terminal import counted, opening_command, printable, shell_command

if TYPE_CHECKING:
    from tandem.metrics import Score
    from tandem.runs.evaluation import Evaluation
    from tandem.runs.execution import TrainingResult

_SCORES = 4
"""The number of scores that are shown at the end of a training; the report has all of them."""
_MOST_CHARACTERS = 80


def show_scores(console: Console, scores: "Sequence[Score]") -> None:
    """Print a table of scores with their signatures."""
    rows = [
        (score.name, f"{score.value:.3f}" if score.value < 10 else f"{score.value:.2f}", score.signature)
        for score in scores
    ]
    show_table(console, ("score", "", "signature"), "lrl", rows)


def show_evaluation(evaluation: "Evaluation", dropped: int, *, as_json: bool) -> None:
    """Print the scores of a model; `dropped` is the number of pairs that were left out."""
    if not as_json:
        console = PrintableConsole()
        show_scores(console, evaluation.scores)
        pairs, sources = counted(evaluation.pairs, "pair"), counted(evaluation.sources, "different source")
        show_text(console, f"\n{pairs}, {sources}")
        return
    scores = {score.name: {"value": round(score.value, 4), "signature": score.signature} for score in evaluation.scores}
    print_json(
        {
            "command": shell_command("tandem", *sys.argv[1:]),
            "pairs": evaluation.pairs,
            "dropped": dropped,
            "sources": evaluation.sources,
            "cut": evaluation.cut,
            "stopped_at_limit": evaluation.stopped_at_limit,
            "scores": scores,
        }
    )


def show_result(
    console: Console, out: Path, result: "TrainingResult", examples: Sequence[tuple[str, str]] = ()
) -> None:
    """Print the results of a training: the model, its main scores, example translations, and the next commands."""
    evaluation, model = result.evaluation, result.translator.recipe.model
    layers = f"{counted(model.layers, 'layer')} of {model.hidden:,}"
    beam = result.translator.recipe.search.beam
    how = f", with a beam of {beam} (each epoch's scores are from greedy search)" if beam > 1 else ""
    best = f"its best checkpoint, {checkpoint_of(out).name}"
    lines = [
        f"\n{out}: {model.cell.upper()}, {layers}",
        f"on {counted(evaluation.pairs, 'pair')} of the {result.evaluated_on} corpus, with {best}{how}:\n",
    ]
    show_text(console, "\n".join(lines))
    show_scores(console, evaluation.scores[:_SCORES])
    for baseline in result.baselines:
        console.print(
            Text(f"for comparison, {baseline.message()}", style="yellow" if baseline.better else ""), soft_wrap=True
        )
    console.print()
    for source, translation in examples:
        show_text(console, f"  {source}  →  {translation}")
    if examples:
        console.print()
    example = _example([sample.source for sample in evaluation.samples])
    dashes = ["--"] if example.startswith("-") else []
    console.print(Text("Next", style="bold"))
    for command in (
        opening_command(result.report),
        shell_command("tandem", "translate", out, *dashes, example),
        shell_command("tandem", "translate", out, "--help"),
    ):
        show_text(console, f"  {command}")
    console.print()


def _example(sources: Sequence[str]) -> str:
    """Return the first source that is short and printable, and so easy to type; if there is none, the first."""
    easy = (source for source in sources if len(source) <= _MOST_CHARACTERS and source == printable(source))
    return next(easy, sources[0])
