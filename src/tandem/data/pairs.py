"""Pairs of texts: what a corpus yields, how its faulty pairs are met, and how they are loaded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from tandem.errors import CorpusError

MAX_CHARACTERS = 10_000
"""Characters that a side of a pair may have unless told otherwise."""


class Pair(NamedTuple):
    """A source text and the target text that belongs to it."""

    source: str
    target: str


class Row(NamedTuple):
    """A pair as it was read, before any check; a side is None when its line was too long to be held."""

    source: str | None
    target: str | None
    source_place: str
    """Where the source stands, such as "train.de line 17"."""
    target_place: str


class Corpus(Protocol):
    """Pairs that can be read again and again."""

    @property
    def name(self) -> str:
        """What to call the corpus in messages and reports."""

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first one with an empty or an over-long side."""

    def rows(self, max_characters: int) -> Iterator[Row]:
        """Yield all that is there; sides far longer than `max_characters` may come as None."""


@dataclass(frozen=True)
class Dropped:
    """How many pairs of a corpus were left out, and why."""

    total: int
    """Pairs in the corpus, the dropped ones included."""
    empty: int
    """Pairs with a side that is empty or blank."""
    too_long: int
    """Pairs with no empty side and one of more than `max_characters` characters."""
    first: str
    """Where the first dropped pair stands; "" when none was dropped."""
    max_characters: int

    @property
    def count(self) -> int:
        """How many pairs were dropped in all."""
        return self.empty + self.too_long

    def message(self) -> str:
        """A sentence for the user."""
        if not self.count:
            return f"kept all {self.total:,} pairs"
        reasons = [f"{self.empty:,} with an empty side"] if self.empty else []
        if self.too_long:
            reasons.append(f"{self.too_long:,} longer than {self.max_characters:,} characters")
        return f"dropped {self.count:,} of {self.total:,} pairs: {', '.join(reasons)} (first: {self.first})"


@dataclass(frozen=True)
class LoadedPairs:
    """The good pairs of a corpus, and the account of the others."""

    pairs: list[Pair]
    dropped: Dropped


def load_pairs(
    corpus: Corpus, *, on_error: Literal["stop", "drop"] = "stop", max_characters: int = MAX_CHARACTERS
) -> LoadedPairs:
    """Read a corpus into memory, each pair checked.

    A pair with a side that is blank or has more than `max_characters` characters raises CorpusError under
    "stop" and is left out and counted under "drop". A corpus without one good pair raises it always.
    """
    pairs: list[Pair] = []
    empty = too_long = 0
    first = ""
    for row in corpus.rows(max_characters):
        checked = _checked(row, max_characters)
        if isinstance(checked, Pair):
            pairs.append(checked)
            continue
        if on_error != "drop":
            raise CorpusError(checked.message())
        empty += checked.empty
        too_long += not checked.empty
        first = first or checked.place
    dropped = Dropped(len(pairs) + empty + too_long, empty, too_long, first, max_characters)
    if not dropped.total:
        raise CorpusError(f"{corpus.name}: there are no pairs, but a corpus needs at least one.")
    if not pairs:
        raise CorpusError(f"{corpus.name}: no pair is left: {dropped.message()}. Check the corpus and its columns.")
    return LoadedPairs(pairs, dropped)


def group_references(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """Gather the targets of each source as its references, in the order of first occurrence, each once."""
    groups: dict[str, dict[str, None]] = {}  # dictionaries keep their order: here, ordered sets
    for source, target in pairs:
        groups.setdefault(source, {})[target] = None
    return [(source, tuple(targets)) for source, targets in groups.items()]


class _Fault(NamedTuple):
    """What is wrong with a row that was read well."""

    place: str
    empty: bool
    """Otherwise it is too long."""
    max_characters: int

    def message(self) -> str:
        found = "is empty" if self.empty else f"is longer than {self.max_characters:,} characters"
        rule = "each pair needs text on both sides" if self.empty else "the limit is max_characters"
        remedy = 'Mend the pair, or leave such pairs out with on_error = "drop".'
        return f"{self.place}: the text {found}; {rule}. {remedy}"


def _checked(row: Row, max_characters: int) -> Pair | _Fault:
    source, target, source_place, target_place = row
    for text, place in ((source, source_place), (target, target_place)):
        if text is not None and not text.strip():
            return _Fault(place, True, max_characters)
    if source is None or len(source) > max_characters:
        return _Fault(source_place, False, max_characters)
    if target is None or len(target) > max_characters:
        return _Fault(target_place, False, max_characters)
    return Pair(source, target)


def strictly(corpus: Corpus) -> Iterator[Pair]:
    """The pairs of a corpus; raises CorpusError at the first one with a blank or an over-long side."""
    for row in corpus.rows(MAX_CHARACTERS):
        checked = _checked(row, MAX_CHARACTERS)
        if isinstance(checked, _Fault):
            raise CorpusError(checked.message())
        yield checked
