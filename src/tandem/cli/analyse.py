"""`tandem analyse`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tandem.analysis import Phrase
from tandem.cli.corpora import ReferencesOptions, corpus_options, corpus_references, files_read
from tandem.cli.lines import file_lines, survey
from tandem.cli.named_files import models_and_corpus
from tandem.cli.options import (
    LARGEST_SAMPLES,
    LARGEST_SEED,
    AllowUnkOption,
    BatchSizeOption,
    BeamOption,
    DeviceOption,
    LengthPenaltyOption,
    MaxLengthExtraOption,
    MaxLengthFactorOption,
    OnErrorOption,
    PrecisionOption,
    QuietOption,
    RawOption,
    TokenizeOption,
)
from tandem.cli.places import check_places
from tandem.cli.show import PreparingBar
from tandem.cli.show_analysis import show_analysis
from tandem.cli.streams import print_json, standard_output
from tandem.cli.translate import search_settings
from tandem.corpora.references import source_places
from tandem.errors import CorpusError, RecipeError
from tandem.files.lines import check_read_again
from tandem.files.paths import resolved
from tandem.metrics.bootstrap import Resampling
from tandem.recording.console import PrintableConsole
from tandem.report import ANALYSIS_FILES, analysis_figures, write_analysis
from tandem.runs import analyse
from tandem.runs.analyses import ignore_case
from tandem.translation.settings import BATCH_SIZE
from tandem.translation.translator import load

_MOST_PHRASES = 1000
"""That one picture can show."""


@corpus_options
def analyse_command(
    models: Annotated[list[Path] | None, typer.Argument(metavar="[MODEL...]", help="Runs or checkpoints.")] = None,
    *,
    corpus: ReferencesOptions,
    on_error: OnErrorOption = "stop",
    translations: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Another system's translations, one a line; may be repeated."),
    ] = None,
    phrases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Phrases for the picture of contexts: TEXT or TEXT, tab, GROUP.")
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sources of the training data: for word ranks and nearest neighbours."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where page, pictures and figures go.")] = Path(
        "analysis"
    ),
    lowercase: Annotated[
        bool | None, typer.Option(help="Score in lower case. Default: the first recipe's search.lowercase_scores.")
    ] = None,
    raw: RawOption = False,
    tokenize: TokenizeOption = None,
    samples: Annotated[int, typer.Option(min=1, max=LARGEST_SAMPLES, help="Bootstrap resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Of the intervals' resamples.")] = 0,
    beam: BeamOption = None,
    length_penalty: LengthPenaltyOption = None,
    max_length_factor: MaxLengthFactorOption = None,
    max_length_extra: MaxLengthExtraOption = None,
    batch_size: BatchSizeOption = BATCH_SIZE,
    allow_unk: AllowUnkOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as JSON.")] = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
    quiet: QuietOption = False,
) -> None:
    """Look at where systems are good, how they differ and what they get wrong; write a page of it.

    - `tandem analyse runs/demo --corpus captions:test`
    - `tandem analyse runs/mine runs/other --source test.de --target test.en --training train.de`
    - `tandem analyse runs/mine --corpus multi30k:test --translations other=other.en --phrases phrases.de.txt`

    BLEU by sentence length and by word frequency with intervals, significance, the commonest confusions, the worst
    sentences, and the encoder's contexts of phrases in the plane with their nearest neighbours.
    """
    standard_output()  # before the work
    paths, corpus = models_and_corpus(models or [], corpus)
    names = _names(paths, translations or [])
    made = [("--out", out / name) for name in ANALYSIS_FILES if (out / name).exists()]
    check_places(made, [*files_read(corpus), phrases, training, *map(Path, names.files.values())], paths)
    translators = {
        n: load(path, device=device, precision=precision) for n, path in zip(names.models, paths, strict=True)
    }
    recipes = [translator.recipe for translator in translators.values()]
    pairs = corpus_references(corpus, recipes[0] if recipes else None, on_error).pairs
    places = source_places(pairs, lowercase=ignore_case(translators.values()), raw=raw)
    others = {name: _translations(Path(file), pairs, places) for name, file in names.files.items()}
    placed = [] if phrases is None else _phrases(phrases)
    if training is not None:
        check_read_again(training)
        if not survey(training).lines:
            raise CorpusError(
                f"{training}: the file is empty, but training data have at least one line. Check the path."
            )
    settings = {
        name: search_settings(
            translator, beam, length_penalty, max_length_factor, max_length_extra, 1, batch_size, allow_unk
        )
        for name, translator in translators.items()
    }
    if lowercase is None:
        lowercase = any(recipe.search.lowercase_scores for recipe in recipes[:1])
    out.mkdir(parents=True, exist_ok=True)  # before the work, too
    progress = PreparingBar(PrintableConsole(stderr=True, quiet=quiet))
    try:
        found = analyse(
            translators,
            pairs,
            settings=settings,
            translations=others,
            lowercase=lowercase,
            raw=raw,
            tokenize=tokenize,
            phrases=placed,
            training=None if training is None else _Lines(training),
            resampling=Resampling(samples, seed),
            corpus=corpus.name,
            on_progress=progress,
        )
    finally:
        progress.close()
    page = write_analysis(out, found)
    if as_json:
        print_json(analysis_figures(found))
        return
    show_analysis(PrintableConsole(), found, page)


@dataclass(frozen=True)
class _Names:
    """What each system is called."""

    models: Sequence[str]
    files: Mapping[str, str]


@dataclass(frozen=True)
class _Lines:
    """The lines of a file, which can be read again."""

    path: Path

    def __iter__(self) -> Iterator[str]:
        return file_lines(self.path)


def _names(paths: Sequence[Path], translations: Sequence[str]) -> _Names:
    """Models are called as their directories, in full where two end alike. RecipeError for names that are not clear."""
    if not paths and not translations:
        raise RecipeError("what is to be analysed? Give a MODEL, or --translations NAME=FILE")
    ends = [resolved(path).name for path in paths]
    models = ends if len(set(ends)) == len(ends) else [str(path) for path in paths]
    files: dict[str, str] = {}
    for given in translations:
        name, equals, file = given.partition("=")
        if not (name and equals and file):
            raise RecipeError(f"--translations {given}: give a name and a file, such as other=other.en")
        if name in files or name in models:
            raise RecipeError(f"--translations {given}: another system is called {name}; give each its own name")
        files[name] = file
    for number, name in enumerate(models):
        if name in models[:number]:
            raise RecipeError(f"{name}: is given twice; each model is compared with others, so give it once")
    return _Names(models, files)


def _translations(path: Path, pairs: Sequence[tuple[str, Sequence[str]]], places: Sequence[int]) -> list[str]:
    """Another system's translations of each different source, which stand first at these places among the pairs.

    CorpusError where their number fits neither.
    """
    lines = list(file_lines(path))
    if len(lines) == len(pairs):
        return [lines[place] for place in places]
    if len(lines) == len(places):
        return lines
    each = "" if len(places) == len(pairs) else f" or one for each of its {len(places):,} different sources"
    raise CorpusError(
        f"{path}: there are {len(lines):,} lines, but the corpus has {len(pairs):,} pairs; "
        f"give one translation a line, one for each pair{each}"
    )


def _phrases(path: Path) -> list[Phrase]:
    """Phrases with their groups. CorpusError for a line with an empty phrase, or too many."""
    phrases = []
    for number, line in enumerate(file_lines(path), start=1):
        text, _, group = line.partition("\t")
        if not text.strip():
            raise CorpusError(f"{path} line {number}: the phrase is empty; give a phrase, or leave the line out")
        phrases.append(Phrase(text.strip(), group.strip()))
        if number > _MOST_PHRASES:
            raise CorpusError(f"{path}: there are more than {_MOST_PHRASES:,} phrases, too many for one picture")
    if not phrases:
        raise CorpusError(f"{path}: the file is empty; give at least one phrase, or leave --phrases out")
    return phrases
