"""How a run's files are written: found out before they are read, and said."""

from collections.abc import Callable, Iterator

from tandem.corpora.formats import corpus_warnings
from tandem.corpora.spreadsheets import CsvFile, csv_summary
from tandem.recipe import CorpusChoice, CsvCorpus, Data, MemoryCorpus, Recipe
from tandem.runs.corpora import find_corpus


def settle_formats(recipe: Recipe, say: Callable[[str], object]) -> Recipe:
    """The recipe with the separator and the header of each CSV file as they were found, and said.

    So the recipe trains the same later. Raises CorpusError where a file cannot be read or has no two columns.
    """
    data = recipe.data
    corpora = {"train": data.train, "validation": data.validation, "test": data.test}
    settled = {name: _settled(choice, data, say) for name, choice in corpora.items()}
    return recipe.model_copy(update={"data": data.model_copy(update=settled)})


def format_warnings(data: Data) -> Iterator[str]:
    """What looks wrong with the way that the files are read: a header that is taken for a pair, quotes for text."""
    for choice in (data.train, data.validation, data.test):
        if choice is not None and not isinstance(choice, MemoryCorpus):
            yield from corpus_warnings(find_corpus(choice, data, None))


def _settled(choice: CorpusChoice | None, data: Data, say: Callable[[str], object]) -> CorpusChoice | None:
    if not isinstance(choice, CsvCorpus) or "auto" not in (choice.separator, choice.header):
        return choice
    corpus = find_corpus(choice, data, None)
    assert isinstance(corpus, CsvFile)
    say(csv_summary(corpus))
    return choice.model_copy(update={"separator": corpus.separator, "header": corpus.header})
