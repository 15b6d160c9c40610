"""`tandem analyse`."""

from collections.abc import Iterable, Sequence
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
from tandem.cli.streams import standard_output

if TYPE_CHECKING:
    from tandem.analysis import Phrase


@dataclass(frozen=True)
class InputOptions(OptionGroup):
    """Further inputs of the analysis."""

    panel = "Analysis"

    translations: list[str] | None = option(
        None, metavar="NAME=FILE", help="Another system's translations, one per line. May be repeated."
    )
    phrases: Path | None = option(
        None, metavar="FILE", help="Phrases for the picture of contexts: TEXT, or TEXT, tab, GROUP."
    )
    training: Path | None = option(
        None, metavar="FILE", help="Sources of the training data, for word ranks and nearest neighbours."
    )


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    out: Path = option(Path("analysis"), "--out", metavar="DIR", help="The folder for the page, pictures and figures.")
    as_json: bool = option(False, "--json", help="Print all figures as JSON.")
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
    """Show where systems are good, how they differ and what they get wrong, on a web page.

    - `tandem analyse runs/demo --corpus captions:test`
    - `tandem analyse runs/mine runs/other --source test.de --target test.en --training train.de`
    - `tandem analyse runs/mine --corpus multi30k:test --translations other=other.en --phrases phrases.de.txt`

    The page shows BLEU by sentence length and by word frequency with intervals, significance, the commonest
    confusions, the worst sentences, and the encoder's contexts of phrases in the plane with their nearest neighbours.
    """
    standard_output()  # before the work
    from tandem.analysis.inputs import read_translations, system_names
    from tandem.cli.analysis_tables import show_analysis
    from tandem.cli.named_files import models_and_corpus
    from tandem.cli.notices import progress_bar
    from tandem.corpora.references import source_places
    from tandem.metrics.bootstrap import Resampling
    from tandem.report import write_analysis
    from tandem.runs.analyses import analyse, ignore_case, read_features

    paths, corpus = models_and_corpus(models or [], corpus)
    names, files = system_names(paths, given.translations or [])
    read = [*files_read(corpus), given.phrases, given.training, search.dictionary, *files.values()]
    _check_places(wanted.out, read, paths)
    translators = {name: model.load(path) for name, path in zip(names, paths, strict=True)}
    recipe = next((translator.recipe for translator in translators.values()), None)
    pairs = corpus_references(corpus, recipe, on_error).pairs
    reading = {"lowercase": ignore_case(translators.values()), "features": read_features(translators.values())}
    places = source_places(pairs, raw=scoring.raw, **reading)
    translations = {name: read_translations(file, len(pairs), places) for name, file in files.items()}
    phrases, training = _phrases_and_training(given)
    settings = {name: search.settings(translator) for name, translator in translators.items()}
    wanted.out.mkdir(parents=True, exist_ok=True)  # before the work, too
    with progress_bar(quiet=wanted.quiet) as bar:
        analysis = analyse(
            translators,
            pairs,
            settings=settings,
            translations=translations,
            lowercase=scoring.ignore_case(recipe),
            raw=scoring.raw,
            tokenize=scoring.tokenize,
            phrases=phrases,
            training=training,
            resampling=Resampling(resampling.samples, resampling.seed),
            corpus=corpus.name,
            on_progress=bar,
        )
    show_analysis(analysis, write_analysis(wanted.out, analysis), as_json=wanted.as_json)


def _phrases_and_training(given: InputOptions) -> "tuple[Sequence[Phrase], Iterable[str] | None]":
    from tandem.analysis.inputs import read_phrases, training_sources

    phrases = read_phrases(given.phrases) if given.phrases else ()
    return phrases, training_sources(given.training) if given.training else None


def _check_places(out: Path, read: Iterable[Path | None], models: Iterable[Path]) -> None:
    """Raise OutputError if a file of an earlier analysis cannot be replaced, or is an input."""
    from tandem.cli.output import check_places
    from tandem.report import ANALYSIS_FILES

    check_places([("--out", out / name) for name in ANALYSIS_FILES if (out / name).exists()], read, models)
