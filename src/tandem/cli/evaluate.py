"""`tandem evaluate`."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.corpora import ReferencesOptions, corpus_options, corpus_references, files_read
from tandem.cli.errors_file import errors_file
from tandem.cli.named_files import models_and_corpus
from tandem.cli.options import (
    AllowUnkOption,
    AveragingOption,
    BatchSizeOption,
    BeamOption,
    DeviceOption,
    LengthPenaltyOption,
    MaxLengthExtraOption,
    MaxLengthFactorOption,
    ModelsArgument,
    OnErrorOption,
    PrecisionOption,
    QuietOption,
    RawOption,
    TokenizeOption,
)
from tandem.cli.output import opened_output
from tandem.cli.places import check_places
from tandem.cli.show import PreparingBar, say_at_limit, say_cut, show_scores
from tandem.cli.streams import one_line, print_json, say, standard_output
from tandem.cli.translate import search_settings
from tandem.recording.console import PrintableConsole, show_text
from tandem.runs import Evaluation, evaluate
from tandem.terminal import counted, shell_command
from tandem.translation.settings import BATCH_SIZE
from tandem.translation.translator import load


@corpus_options
def evaluate_command(
    models: ModelsArgument,
    corpus: ReferencesOptions,
    on_error: OnErrorOption = "stop",
    lowercase: Annotated[
        bool | None, typer.Option(help="Score in lower case. Default: the recipe's search.lowercase_scores.")
    ] = None,
    raw: RawOption = False,
    tokenize: TokenizeOption = None,
    beam: BeamOption = None,
    length_penalty: LengthPenaltyOption = None,
    max_length_factor: MaxLengthFactorOption = None,
    max_length_extra: MaxLengthExtraOption = None,
    batch_size: BatchSizeOption = BATCH_SIZE,
    allow_unk: AllowUnkOption = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the translations here, one a line.")
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write each source, its references, the output and its scores here: columns, or JSON lines (.jsonl).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Scores and signatures as JSON.")] = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
    averaging: AveragingOption = "arithmetic",
    quiet: QuietOption = False,
) -> None:
    """Measure a model on a corpus: BLEU, chrF, TER, exact matches, edit rates, perplexity, each with its signature.

    - `tandem evaluate runs/demo --corpus captions:test`
    - `tandem evaluate runs/mine --source test.de --target test.en --lowercase --beam 5`
    - `tandem evaluate runs/words test.tsv --json`
    - `tandem evaluate runs/one runs/two --corpus multi30k:test`: the ensemble of both

    Lines that repeat a source give it several references.
    """
    standard_output()  # before the work
    models, corpus = models_and_corpus(models, corpus)
    check_places([("--output", output), ("--errors", errors)], files_read(corpus), models)
    translator = load(models, device=device, precision=precision, averaging=averaging)
    pairs, dropped = corpus_references(corpus, translator.recipe, on_error)
    settings = search_settings(
        translator, beam, length_penalty, max_length_factor, max_length_extra, 1, batch_size, allow_unk
    )
    lower = translator.recipe.search.lowercase_scores if lowercase is None else lowercase
    progress = PreparingBar(PrintableConsole(stderr=True, quiet=quiet), seconds=30)
    try:
        found = evaluate(translator, pairs, settings, lowercase=lower, raw=raw, tokenize=tokenize, on_progress=progress)
    finally:
        progress.close()
    say_cut([result.source for result in found.results if result.translation.cut], "translated")
    say_at_limit(found.stopped_at_limit, found.sources, settings)
    for note in found.notes:
        say(note)
    _show(found, dropped.count, as_json=as_json)
    # After the scores, which are worth showing even if this fails.
    if errors is not None:
        _write(errors, errors_file(errors, found))
    if output is not None:
        _write(output, "".join(one_line(text) + "\n" for text in found.translations).encode("utf-8", "replace"))


def _write(path: Path, content: bytes) -> None:
    with opened_output(path, None) as put:
        assert put is not None  # there is nothing to resume
        put.write(content)
        put.save(0)


def _show(found: Evaluation, dropped: int, *, as_json: bool) -> None:
    if as_json:
        scores = {score.name: {"value": _finite(score.value), "signature": score.signature} for score in found.scores}
        command = shell_command("tandem", *sys.argv[1:])
        content = {
            "command": command,
            "pairs": found.pairs,
            "dropped": dropped,
            "sources": found.sources,
            "cut": found.cut,
            "stopped_at_limit": found.stopped_at_limit,
            "scores": scores,
        }
        print_json(content)
        return
    console = PrintableConsole()
    show_scores(console, found.scores)
    show_text(console, f"\n{counted(found.pairs, 'pair')}, {counted(found.sources, 'different source')}")


def _finite(value: float) -> float | None:
    """JSON has no infinity, which the perplexity of a hopeless model is."""
    return round(value, 4) if math.isfinite(value) else None
