"""`tandem evaluate`."""

from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    output: Path | None = option(
        None, "--output", "-o", metavar="FILE", help="Write the translations here, one a line."
    )
    errors: Path | None = option(
        None,
        metavar="FILE",
        help="Write each source, its references, the output and its scores here: columns, or JSON lines (.jsonl).",
    )
    as_json: bool = option(False, "--json", help="Scores and signatures as JSON.")
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
    from tandem.cli.errors_file import errors_content
    from tandem.cli.named_files import models_and_corpus
    from tandem.cli.output import check_places, write_file
    from tandem.cli.show import console_bar, notify_at_limit, notify_cut, show_evaluation
    from tandem.runs import evaluate
    from tandem.translation.forms import one_line

    models, corpus = models_and_corpus(models, corpus)
    check_places([("--output", wanted.output), ("--errors", wanted.errors)], files_read(corpus), models)
    translator = model.load(models)
    pairs, dropped = corpus_references(corpus, translator.recipe, on_error)
    settings = search.settings(translator)
    lower = scoring.ignore_case(translator.recipe)
    with console_bar(quiet=wanted.quiet, seconds=30) as bar:
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
