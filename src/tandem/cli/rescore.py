"""`tandem rescore`."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import (
    OUTPUT,
    EnsembleOptions,
    LengthPenaltyOption,
    ModelsArgument,
    QuietOption,
    ScoreOptions,
    decimal,
)
from tandem.cli.streams import standard_output
from tandem.errors import RecipeError
from tandem.names import LARGEST_BATCH, LARGEST_COUNT

if TYPE_CHECKING:
    from tandem.rescoring.job import Lists


@dataclass(frozen=True)
class InputOptions(OptionGroup):
    """The sentences of the lists, and their references."""

    panel = "Input"

    source: Path | None = option(
        None,
        "--source",
        "-s",
        metavar="FILE",
        help="The source sentences: line n is number n. Not needed if JSON lines contain them.",
    )
    target: Path | None = option(
        None, "--target", "-t", metavar="FILE", help="References, line by line, to print BLEU before and after."
    )


@dataclass(frozen=True)
class WeightOptions(OptionGroup):
    """The figures that hypotheses are ranked by, and their weights."""

    panel = "Weights"

    weights: str | None = option(
        None, metavar="WEIGHTS", help="NAME=NUMBER,... or a file that --tune wrote. Default: equal weights."
    )
    tune: Path | None = option(
        None, metavar="FILE", help="Write only the weights with the highest BLEU on --target, to this file."
    )
    features: str | None = option(
        None, metavar="NAME,...", help="Figures of the list to weight besides the model's. Default: its score."
    )
    length_penalty: LengthPenaltyOption = None

    @property
    def given(self) -> Path | str | None:
        """The file of weights, or the weights themselves."""
        return Path(self.weights) if self.weights is not None and "=" not in self.weights else self.weights


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    output: Path | None = option(
        None, "--output", "-o", metavar="FILE", help="Write here when everything is done. Default: standard output."
    )
    n_best_out: str | None = option(
        None, "--n-best-out", metavar="N|all", help="Write lists of the N best, in the format that was read."
    )
    quiet: QuietOption = False


@command
def rescore_command(
    models: ModelsArgument,
    n_best: Annotated[
        Path,
        typer.Option(
            "--n-best", metavar="LIST", help="The n-best lists, in Moses' format or as JSON lines; may be compressed."
        ),
    ],
    *,
    given: InputOptions,
    weighing: WeightOptions,
    wanted: OutputOptions,
    scoring: ScoreOptions,
    batch_size: Annotated[int, typer.Option(min=1, max=LARGEST_BATCH, help="Sentences per batch.")] = 128,
    model: EnsembleOptions,
) -> None:
    """Rerank another system's n-best lists by the model's scores and the system's own.

    - `tandem rescore runs/mine --n-best test.nbest --source test.de --output test.best`
    - `tandem rescore runs/mine --n-best dev.nbest --source dev.de --target dev.en --tune weights.json`
    - `tandem rescore runs/mine --n-best test.nbest --source test.de --weights weights.json`
    - `tandem rescore runs/one runs/two --n-best test.jsonl --n-best-out all`: whole lists, by an ensemble
    """
    from tandem.cli.notices import progress_bar
    from tandem.cli.output import opened_output
    from tandem.cli.show import show_scores
    from tandem.console import PrintableConsole
    from tandem.rescoring import open_nbest, score_lists, tuned
    from tandem.rescoring.job import Judge, Lists, choose_weights
    from tandem.translation.forms import one_line

    most = _most(wanted.n_best_out)
    lists = Lists(n_best, given.source, given.target)
    _check(lists, weighing, wanted, models)
    standard_output()  # before the work
    translator = model.load(models)
    write = open_nbest(n_best).write
    weights = choose_weights(lists, weighing.given, weighing.features, weighing.length_penalty, translator)
    sentences = lists.check(weights)
    tokenize = scoring.tokenize or translator.recipe.search.score_tokenize
    judge = Judge(lists, weights, lowercase=scoring.ignore_case(translator.recipe), tokenize=tokenize)
    target = weighing.tune or wanted.output
    on_screen = target is None and sys.stdout.isatty()
    with opened_output(target) as output, progress_bar(quiet=wanted.quiet or on_screen) as bar:
        assert output is not None  # there is nothing to resume
        for done, scored in enumerate(score_lists(translator, lists, batch_size=batch_size), start=1):
            judge.add(scored)
            if weighing.tune is None:
                ranked = scored.ranked(weights)
                if most is None:
                    output.write((one_line(ranked.candidates[0].text) + "\n").encode("utf-8", "replace"))
                else:
                    output.write(write(replace(ranked, candidates=ranked.candidates[: most or None])))
                output.save(done)
            bar("rescored", done, sentences)
        if weighing.tune is not None:
            weights = tuned(judge.judged, weights)
            output.write(weights.to_json().encode())
    if scores := judge.qualities(weights):
        show_scores(PrintableConsole(stderr=True), scores)


def _most(text: str | None) -> int | None:
    """Return how many of a list are written: None for only the text of the best, 0 for all. RecipeError otherwise."""
    if text is None or text == "all":
        return None if text is None else 0
    most = decimal(text)
    if not 1 <= most <= LARGEST_COUNT:
        raise RecipeError(f"--n-best-out {text[:40]}: give a number from 1 to {LARGEST_COUNT:,}, or all")
    return most


def _check(lists: "Lists", weighing: WeightOptions, wanted: OutputOptions, models: list[Path]) -> None:
    """Raise RecipeError, CorpusError or OutputError for options that exclude each other or an unsuitable file."""
    from tandem.cli.output import check_places

    tune = weighing.tune is not None
    if weighing.weights is not None and (tune or weighing.features is not None):
        raise RecipeError("--weights has both the figures and their weights: leave out --tune and --features")
    if tune and lists.target is None:
        raise RecipeError("--tune needs --target FILE: weights are tuned for BLEU on its texts")
    if tune and (wanted.output is not None or wanted.n_best_out is not None):
        raise RecipeError("--tune writes only weights: rank with them in a second command, with --weights")
    lists.check_files()
    file = weighing.given if isinstance(weighing.given, Path) else None
    outputs = [("--output", wanted.output), ("--tune", weighing.tune)]
    check_places(outputs, (lists.n_best, lists.source, lists.target, file), models)
