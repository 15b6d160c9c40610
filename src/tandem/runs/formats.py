"""How the files of a run are written: detected before they are read, and told the user."""

from collections.abc import Callable, Iterator

from tandem.corpora.memory import MemoryCorpus
from tandem.recipe import Data, Recipe
from tandem.runs.corpora import find_corpus


def settle_formats(recipe: Recipe, notify: Callable[[str], object]) -> Recipe:
    """Return the recipe with every setting of its corpora that is detected from the files; `notify` is told each.

    So the recipe trains the same later. Raise CorpusError where a file cannot be read or has no two columns.
    """
    data = recipe.data
    settled = {part: corpus.settled(data.folder, notify) for part, corpus in data.corpora().items()}
    return recipe.model_copy(update={"data": data.model_copy(update=settled)})


def format_warnings(data: Data) -> Iterator[str]:
    """Yield what looks wrong with the way that the files are read, such as a header that is taken for a pair."""
    for corpus in data.corpora().values():
        if not isinstance(corpus, MemoryCorpus):
            yield from find_corpus(corpus, data, None).warnings()
