"""Pairs of texts: what a corpus yields, how its faulty pairs are met, and how they are loaded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from tandem.errors import CorpusError
from tandem.files.lines import why_not_utf8
from tandem.names import MAX_CHARACTERS, OnError

DROP_SETTING = 'data.on_error = "drop"'
"""How a recipe leaves faulty pairs out."""
_ALL_FAULTY = 1000
"""With so many faulty pairs and no good one before them, it is the corpus or its columns that are wrong."""


class Pair(NamedTuple):
    """A source text and the target text that belongs to it."""

    source: str
    target: str


class Fault(NamedTuple):
    """A pair that is none, and why."""

    place: str
    """Where the faulty side stands, such as "train.de line 17"."""
    kind: Literal["empty", "too long", "unreadable"]
    what: str
    """What was found, the rule and the remedy."""

    def message(self) -> str:
        """A sentence for the user."""
        return f"{self.place}: {self.what}"


class Corpus(Protocol):
    """Pairs that can be read again and again."""

    @property
    def name(self) -> str:
        """What to call the corpus in messages and reports."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the pairs are read from; none when they come from elsewhere."""

    @property
    def layout(self) -> str:
        """How the files are read: with their content this tells one corpus from another."""

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield all that is there; raise CorpusError where nothing that follows can be read."""


@dataclass
class Dropped:
    """How many pairs of a corpus were left out, and why."""

    max_characters: int
    total: int = 0
    """Pairs in the corpus, the dropped ones included."""
    empty: int = 0
    """Pairs with a side that is empty or blank."""
    too_long: int = 0
    """Pairs with no empty side and one of more than `max_characters` characters."""
    unreadable: int = 0
    """Pairs that cannot be read: not UTF-8, no column, no JSON."""
    first: str = ""
    """What is wrong with the first of them, and where; "" when none was dropped."""

    @property
    def count(self) -> int:
        """How many pairs were dropped in all."""
        return self.empty + self.too_long + self.unreadable

    def add(self, fault: Fault) -> None:
        """Count one more."""
        self.empty += fault.kind == "empty"
        self.too_long += fault.kind == "too long"
        self.unreadable += fault.kind == "unreadable"
        self.first = self.first or fault.message()

    def message(self) -> str:
        """A sentence for the user."""
        if not self.count:
            return f"kept all {self.total:,} pairs"
        reasons = [f"{self.empty:,} with an empty side"] if self.empty else []
        if self.too_long:
            reasons.append(f"{self.too_long:,} longer than {self.max_characters:,} characters")
        if self.unreadable:
            reasons.append(f"{self.unreadable:,} unreadable")
        return f"dropped {self.count:,} of {self.total:,} pairs: {', '.join(reasons)}. The first: {self.first}"


class LoadedPairs(NamedTuple):
    """The good pairs of a corpus, and the account of the others."""

    pairs: list[Pair]
    dropped: Dropped


def load_pairs(
    corpus: Corpus,
    *,
    on_error: OnError = "stop",
    max_characters: int = MAX_CHARACTERS,
    drop_setting: str = DROP_SETTING,
) -> LoadedPairs:
    """Read a corpus into memory, each pair checked; see `good_pairs`."""
    dropped = Dropped(max_characters)
    return LoadedPairs(list(good_pairs(corpus, dropped, on_error=on_error, drop_setting=drop_setting)), dropped)


def good_pairs(
    corpus: Corpus,
    dropped: Dropped,
    *,
    on_error: OnError,
    drop_setting: str = DROP_SETTING,
    skip: int = 0,
    hear: Callable[[Fault], object] = lambda _: None,
) -> Iterator[Pair]:
    """Yield the pairs that are not faulty; `dropped` counts as they are read, `hear` is told of each faulty one.

    A pair that is unreadable, has a blank side or one of more than `dropped.max_characters` characters raises
    CorpusError under "stop", whose message says how to leave such pairs out (`drop_setting`), and is left out under
    "drop". A corpus without one good pair raises it always. The first `skip` rows, which `dropped` has counted before,
    are passed over.
    """
    for number, row in enumerate(corpus.rows(dropped.max_characters), start=1):
        if number <= skip:
            continue
        dropped.total = number
        if isinstance(row, Pair):
            yield row
            continue
        if on_error != "drop":
            raise CorpusError(f"{row.message()} Or leave such pairs out with {drop_setting}.")
        dropped.add(row)
        hear(row)
        if number == dropped.count == _ALL_FAULTY:
            raise CorpusError(f"{corpus.name}: the first {number:,} pairs are all faulty. The first: {dropped.first}")
    if not dropped.total:
        raise CorpusError(f"{corpus.name}: there are no pairs, but a corpus needs at least one.")
    if dropped.total == dropped.count:
        raise CorpusError(f"{corpus.name}: no pair is left: {dropped.message()} Check the corpus and its columns.")


class Places(NamedTuple):
    """How to name the place of each side of pair number n: these words, then the number."""

    source: str
    target: str


def checked(
    source: str | bytes | None, target: str | bytes | None, places: Places, number: int, max_characters: int
) -> Pair | Fault:
    """Pair number `number`, or what is wrong with it.

    A side is bytes when its line is not UTF-8, None when its line was too long to be held.
    """
    if (
        isinstance(source, str)
        and isinstance(target, str)
        and 0 < len(source) <= max_characters
        and 0 < len(target) <= max_characters
        and not (source.isspace() or target.isspace())
    ):
        return Pair(source, target)
    sides = [(source, f"{places.source} {number}"), (target, f"{places.target} {number}")]
    for text, place in sides:
        if isinstance(text, bytes):
            return Fault(place, "unreadable", why_not_utf8(text))
    for text, place in sides:
        if isinstance(text, str) and (not text or text.isspace()):
            return Fault(place, "empty", "the text is empty; each pair needs text on both sides. Mend the pair.")
    place = next(place for text, place in sides if text is None or len(text) > max_characters)
    return Fault(
        place,
        "too long",
        f"the text is longer than {max_characters:,} characters, the limit that data.max_characters sets. Mend the "
        "pair.",
    )


def strictly(corpus: Corpus) -> Iterator[Pair]:
    """The pairs of a corpus; raises CorpusError at the first faulty one."""
    for row in corpus.rows(MAX_CHARACTERS):
        if isinstance(row, Fault):
            raise CorpusError(row.message())
        yield row
