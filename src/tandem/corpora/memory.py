"""`kind = "memory"`: pairs that a Python program hands over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from tandem.corpora.corpus_kind import CorpusKind, GivenOptions
from tandem.corpora.pairs import Corpus, Fault, Pair
from tandem.corpora.records import checked_record, pair_of
from tandem.errors import RecipeError


class MemoryCorpus(CorpusKind):
    """Pairs that were handed over from Python; a run from these cannot be started again from its recipe alone."""

    kind: Literal["memory"]

    @property
    def names(self) -> tuple[str, ...]:
        """The word for such pairs."""
        return ("pairs",)

    @classmethod
    def from_options(cls, given: GivenOptions) -> Self:  # noqa: ARG003 - there is no such option
        """Raise RecipeError: no option names pairs in memory."""
        raise RecipeError("pairs in memory have no option")

    def open(self, folder: str | None) -> Corpus:  # noqa: ARG002 - there is nothing to open
        """Raise RecipeError: a recipe does not have the pairs."""
        raise RecipeError(
            "data: this recipe's pairs were handed over from Python and are not in it: give them to tandem.train again"
        )


@dataclass(frozen=True)
class InMemory(Corpus):
    """Pairs in memory, such as those a program made."""

    pairs: Sequence[object]
    name: str = "pairs in memory"

    @property
    def has_features(self) -> bool:
        """Whether any pair has a third part, its features."""
        return any(isinstance(row, list | tuple) and len(row) > 2 for row in self.pairs)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield the pairs."""
        for number, row in enumerate(self.pairs, start=1):
            yield checked_record(row, pair_of, f"{self.name}, pair", number, max_characters)
