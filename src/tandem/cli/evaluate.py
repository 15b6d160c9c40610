"""`tandem evaluate`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tandem.cli.commands import command
from tandem.cli.corpora import ReferencesOptions, corpus_references, files_read
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import (
    OUTPUT,
    EnsembleOptions,
    ModelsArgument,
    OnErrorOption,
    QuietOption,
    SearchOptions,
    TextScoreOptions,
)
from tandem.cli.streams import notify, standard_output

if TYPE_CHECKING:
    from tandem.runs.evaluation import Evaluation


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    output: Path | None = option(
        None, "--output", "-o", metavar="FILE", help="Write the translations here, one per line."
    )
    errors: Path | None = option(
        None,
        metavar="FILE",
        help="Write each source, its references, the output and its scores here, in columns or as JSON lines (.jsonl).",
    )
    as_json: bool = option(False, "--json", help="Print scores and signatures as JSON.")
    quiet: QuietOption = False


@command
def evaluate_command(
    models: ModelsArgument,
    corpus: ReferencesOptions,
    on_error: OnErrorOption = "stop",
    *,
    scoring: TextScoreOptions,
    search: SearchOptions,
    wanted: OutputOptions,
    model: EnsembleOptions,
) -> None:
    """Measure a model on a corpus: BLEU, chrF, TER, exact matches, edit rates, perplexity, each with its signature.

    - `tandem evaluate runs/demo --corpus captions:test`
    - `tandem evaluate runs/mine --source test.de --target test.en --lowercase --beam 5`
    - `tandem evaluate runs/words test.tsv --json`
    - `tandem evaluate runs/one runs/two --corpus multi30k:test`: the ensemble of both

    Lines that repeat a source give it several references.
    """
    standard_output()  # before the work
    from tandem.cli.named_files import models_and_corpus
    from tandem.cli.notices import notify_at_limit, notify_cut, progress_bar
    from tandem.cli.output import check_places, write_file
    from tandem.cli.show import show_evaluation
    from tandem.runs import evaluate
    from tandem.translation.forms import one_line

    models, corpus = models_and_corpus(models, corpus)
    read = [*files_read(corpus), search.dictionary]
    check_places([("--output", wanted.output), ("--errors", wanted.errors)], read, models)
    translator = model.load(models)
    pairs, dropped = corpus_references(corpus, translator.recipe, on_error)
    settings = search.settings(translator)
    lower = scoring.ignore_case(translator.recipe)
    with progress_bar(quiet=wanted.quiet, seconds=30) as bar:
        results = evaluate(
            translator, pairs, settings, lowercase=lower, raw=scoring.raw, tokenize=scoring.tokenize, on_progress=bar
        )
    notify_cut([result.source for result in results.results if result.translation.cut], "translated")
    notify_at_limit(results.stopped_at_limit, results.sources, settings)
    for note in results.notes:
        notify(note)
    show_evaluation(results, dropped.count, as_json=wanted.as_json)
    # After the scores, which are worth showing even if this fails.
    if wanted.errors is not None:
        write_file(wanted.errors, errors_content(wanted.errors, results))
    if wanted.output is not None:
        content = "".join(one_line(text) + "\n" for text in results.translations)
        write_file(wanted.output, content.encode("utf-8", "replace"))


_CELLS: Mapping[str, Callable[[Any], str]] = {
    "source": str,
    "references": " ||| ".join,
    "output": str,
    "confidence": lambda confidence: "" if confidence is None else f"{confidence:.4f}",
    "log_probability": "{:.6f}".format,
    "stopped": str,
    "exact": lambda exact: str(int(exact)),
    "chrf": "{:.2f}".format,
    "character_edits": str,
    "unknown": " ".join,
}
"""For each value of a sentence, the function with which --errors writes it into a cell of a table."""


def errors_content(path: Path, evaluation: "Evaluation") -> bytes:
    """Return the content of the file for --errors: JSON lines if its name ends in .jsonl, else a table with tabs."""
    from tandem.translation.forms import json_line, one_line

    objects = [
        {
            "source": result.source,
            "references": result.references,
            "output": result.translation.text,
            "confidence": result.translation.confidence,
            "log_probability": result.translation.log_probability,
            "stopped": result.translation.stopped,
            **score._asdict(),
            "unknown": result.translation.unknown,
        }
        for result, score in zip(evaluation.results, evaluation.sentence_scores(), strict=True)
    ]
    if path.suffix == ".jsonl":
        return b"".join(map(json_line, objects))
    header = ["reference" if name == "references" else name for name in _CELLS]
    rows = [header, *([cell(content[name]) for name, cell in _CELLS.items()] for content in objects)]
    # A tab or the end of a line in a text would break the row.
    lines = ("\t".join(one_line(cell).replace("\t", " ") for cell in row) + "\n" for row in rows)
    return "".join(lines).encode("utf-8", "replace")
