"""What an analysis reads besides a corpus: translations of other systems, and phrases for the picture of contexts."""

from collections.abc import Sequence
from pathlib import Path

from tandem.analysis.plane import Phrase
from tandem.bulk.lines import FileLines, file_lines, survey
from tandem.errors import CorpusError, RecipeError
from tandem.files.lines import check_read_again
from tandem.files.paths import resolved

_MOST_PHRASES = 1000  # Phrases that one picture can show


def system_names(models: Sequence[Path], translations: Sequence[str]) -> tuple[list[str], dict[str, Path]]:
    """Return the name of each model, and the file of each other system's translations by the system's name.

    Models are named after their directories, in full where two end alike, and others as NAME=FILE says. RecipeError
    where nothing is named, or a name is given twice.
    """
    if not models and not translations:
        raise RecipeError("what is to be analysed? Give a MODEL, or --translations NAME=FILE")
    ends = [resolved(path).name for path in models]
    names = ends if len(set(ends)) == len(ends) else [str(path) for path in models]
    files: dict[str, Path] = {}
    for given in translations:
        name, equals, file = given.partition("=")
        if not (name and equals and file):
            raise RecipeError(f"--translations {given}: give a name and a file, such as other=other.en")
        if name in files or name in names:
            raise RecipeError(f"--translations {given}: another system is called {name}; give each its own name")
        files[name] = Path(file)
    for number, name in enumerate(names):
        if name in names[:number]:
            raise RecipeError(f"{name}: is given twice; each model is compared with others, so give it once")
    return names, files


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
        f"give one translation per line, one for each pair{each}"
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


def training_sources(path: Path) -> FileLines:
    """Return the lines of a file that can be read twice. CorpusError where it cannot, or is damaged or empty."""
    check_read_again(path)
    if not survey(path).lines:
        raise CorpusError(f"{path}: the file is empty, but training data have at least one line. Check the path.")
    return FileLines(path)
