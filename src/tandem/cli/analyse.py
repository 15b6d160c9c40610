"""`tandem analyse`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.corpora import ReferencesOptions, corpus_references, files_read
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import (
    OUTPUT,
    ModelOptions,
    OnErrorOption,
    QuietOption,
    ResamplingOptions,
    SearchOptions,
    TextScoreOptions,
)
from tandem.cli.streams import print_json, standard_output
from tandem.names import OnError

if TYPE_CHECKING:
    from tandem.analysis import Analysis


@dataclass(frozen=True)
class InputOptions(OptionGroup):
    """What is analysed besides models, and what with."""

    panel = "Analysis"

    translations: list[str] | None = option(
        None, metavar="NAME=FILE", help="Another system's translations, one a line; may be repeated."
    )
    phrases: Path | None = option(
        None, metavar="FILE", help="Phrases for the picture of contexts: TEXT or TEXT, tab, GROUP."
    )
    training: Path | None = option(
        None, metavar="FILE", help="Sources of the training data: for word ranks and nearest neighbours."
    )


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    out: Path = option(Path("analysis"), "--out", metavar="DIR", help="Where page, pictures and figures go.")
    as_json: bool = option(False, "--json", help="All figures as JSON.")
    quiet: QuietOption = False


@command
def analyse_command(
    models: Annotated[list[Path] | None, typer.Argument(metavar="[MODEL...]", help="Runs or checkpoints.")] = None,
    *,
    corpus: ReferencesOptions,
    on_error: OnErrorOption = "stop",
    given: InputOptions,
    scoring: TextScoreOptions,
    resampling: ResamplingOptions,
    search: SearchOptions,
    wanted: OutputOptions,
    model: ModelOptions,
) -> None:
    """Look at where systems are good, how they differ and what they get wrong; write a page of it.

    - `tandem analyse runs/demo --corpus captions:test`
    - `tandem analyse runs/mine runs/other --source test.de --target test.en --training train.de`
    - `tandem analyse runs/mine --corpus multi30k:test --translations other=other.en --phrases phrases.de.txt`

    BLEU by sentence length and by word frequency with intervals, significance, the commonest confusions, the worst
    sentences, and the encoder's contexts of phrases in the plane with their nearest neighbours.
    """
    standard_output()  # before the work
    from tandem.cli.analysis_tables import show_analysis
    from tandem.cli.named_files import models_and_corpus
    from tandem.console import PrintableConsole
    from tandem.report import analysis_figures, write_analysis

    paths, corpus = models_and_corpus(models or [], corpus)
    analysis = _analyse(paths, corpus, on_error, given, scoring, resampling, search, wanted, model)
    page = write_analysis(wanted.out, analysis)
    if wanted.as_json:
        print_json(analysis_figures(analysis))
    else:
        show_analysis(PrintableConsole(), analysis, page)


def _analyse(
    paths: list[Path],
    corpus: ReferencesOptions,
    on_error: OnError,
    given: InputOptions,
    scoring: TextScoreOptions,
    resampling: ResamplingOptions,
    search: SearchOptions,
    wanted: OutputOptions,
    model: ModelOptions,
) -> "Analysis":
    from tandem.analysis.inputs import read_inputs, system_names
    from tandem.cli.places import check_places
    from tandem.cli.show import console_bar
    from tandem.corpora.references import source_places
    from tandem.metrics.bootstrap import Resampling
    from tandem.report import ANALYSIS_FILES
    from tandem.runs.analyses import analyse, ignore_case
    from tandem.translation.translator import load

    names = system_names(paths, given.translations or [])
    replaced = [("--out", wanted.out / name) for name in ANALYSIS_FILES if (wanted.out / name).exists()]
    read = [*files_read(corpus), given.phrases, given.training, *map(Path, names.files.values())]
    check_places(replaced, read, paths)
    named = zip(names.models, paths, strict=True)
    translators = {name: load(path, device=model.device, precision=model.precision) for name, path in named}
    first = next((translator.recipe for translator in translators.values()), None)
    pairs = corpus_references(corpus, first, on_error).pairs
    places = source_places(pairs, lowercase=ignore_case(translators.values()), raw=scoring.raw)
    inputs = read_inputs(names, len(pairs), places, given.phrases, given.training)
    settings = {name: search.settings(translator) for name, translator in translators.items()}
    lowercase = scoring.lowercase
    if lowercase is None:
        lowercase = first is not None and first.search.lowercase_scores
    wanted.out.mkdir(parents=True, exist_ok=True)  # before the work, too
    with console_bar(quiet=wanted.quiet) as bar:
        return analyse(
            translators,
            pairs,
            settings=settings,
            translations=inputs.translations,
            lowercase=lowercase,
            raw=scoring.raw,
            tokenize=scoring.tokenize,
            phrases=inputs.phrases,
            training=inputs.training,
            resampling=Resampling(resampling.samples, resampling.seed),
            corpus=corpus.name,
            on_progress=bar,
        )
