"""What an analysis reads besides a corpus: translations of other systems, and phrases for the picture of contexts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tandem.analysis.plane import Phrase
from tandem.bulk.lines import FileLines, file_lines, survey
from tandem.errors import CorpusError, RecipeError
from tandem.files.lines import check_read_again
from tandem.files.paths import resolved

_MOST_PHRASES = 1000
"""Phrases that one picture can show."""


@dataclass(frozen=True)
class SystemNames:
    """What each system is called."""

    models: Sequence[str]
    files: Mapping[str, str]
    """The file of each other system's translations, by the system's name."""


class Inputs(NamedTuple):
    """What an analysis reads besides a corpus."""

    translations: dict[str, list[str]]
    """Each other system's translations, one for each different source."""
    phrases: list[Phrase]
    """The phrases for the picture of contexts; none where they are to be chosen from the sources."""
    training: FileLines | None


def system_names(models: Sequence[Path], translations: Sequence[str]) -> SystemNames:
    """Name models after their directories, in full where two end alike, and others as NAME=FILE says.

    RecipeError where nothing is named, or a name is given twice.
    """
    if not models and not translations:
        raise RecipeError("what is to be analysed? Give a MODEL, or --translations NAME=FILE")
    ends = [resolved(path).name for path in models]
    names = ends if len(set(ends)) == len(ends) else [str(path) for path in models]
    files: dict[str, str] = {}
    for given in translations:
        name, equals, file = given.partition("=")
        if not (name and equals and file):
            raise RecipeError(f"--translations {given}: give a name and a file, such as other=other.en")
        if name in files or name in names:
            raise RecipeError(f"--translations {given}: another system is called {name}; give each its own name")
        files[name] = file
    for number, name in enumerate(names):
        if name in names[:number]:
            raise RecipeError(f"{name}: is given twice; each model is compared with others, so give it once")
    return SystemNames(names, files)


def read_inputs(
    names: SystemNames, pairs: int, places: Sequence[int], phrases: Path | None, training: Path | None
) -> Inputs:
    """Read the files, of which those of training data are only checked. CorpusError where one does not fit the corpus.

    The corpus has so many `pairs`, and its different sources stand first at these `places` among them.
    """
    inputs = Inputs(
        {name: read_translations(Path(file), pairs, places) for name, file in names.files.items()},
        [] if phrases is None else read_phrases(phrases),
        None if training is None else FileLines(training),
    )
    if training is not None:
        check_read_again(training)
        if not survey(training).lines:
            raise CorpusError(
                f"{training}: the file is empty, but training data have at least one line. Check the path."
            )
    return inputs


def read_translations(path: Path, pairs: int, places: Sequence[int]) -> list[str]:
    """Read the translations of each different source; `places` says where each stands first among the pairs.

    CorpusError where there is neither a line for each pair nor one for each different source.
    """
    lines = list(file_lines(path))
    if len(lines) == pairs:
        return [lines[place] for place in places]
    if len(lines) == len(places):
        return lines
    each = "" if len(places) == pairs else f" or one for each of its {len(places):,} different sources"
    raise CorpusError(
        f"{path}: there are {len(lines):,} lines, but the corpus has {pairs:,} pairs; "
        f"give one translation a line, one for each pair{each}"
    )


def read_phrases(path: Path) -> list[Phrase]:
    """Read phrases with their groups. CorpusError for a line with an empty phrase, or for too many lines."""
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
