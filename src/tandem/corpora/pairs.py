"""Pairs of texts: what a corpus yields, what happens to its faulty pairs, and how they are loaded."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from tandem.errors import CorpusError
from tandem.files.lines import why_not_utf8
from tandem.names import MAX_CHARACTERS, OnError
from tandem.tabs import join_features

DROP_SETTING = 'data.on_error = "drop"'  # the setting of a recipe that leaves faulty pairs out
_ALL_FAULTY = 1000  # where so many pairs at the beginning are all faulty, the corpus or its columns are wrong


class Pair(NamedTuple):
    """A source text and the target text that belongs to it."""

    source: str
    target: str


class Fault(NamedTuple):
    """A pair that is left out, and why."""

    place: str  # where the faulty side stands, such as "train.de line 17"
    kind: Literal["empty", "too long", "unreadable"]
    reason: str  # what is wrong, the rule and the remedy

    def message(self) -> str:
        """Return a sentence for the user."""
        return f"{self.place}: {self.reason}"


class Corpus(ABC):
    """An open corpus, whose pairs can be read again and again."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the corpus in messages and reports."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the pairs are read from; none where they come from elsewhere."""
        return ()

    @property
    def source_files(self) -> tuple[Path, ...]:
        """The files with the sources, of which each line has a pair where they are plain text."""
        return self.files[:1]

    @property
    def has_features(self) -> bool:
        """Whether features are read beside the sources (`text/features.py`)."""
        return False

    @property
    def layout(self) -> str:
        """How the files are read. With their content, this identifies the corpus in the cache, so it never changes."""
        return "pairs"

    @abstractmethod
    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield every pair and every faulty pair; raise CorpusError where nothing that follows can be read."""

    def estimated_pairs(self) -> int | None:
        """Return about how many pairs there are, where that can be told without reading all of them."""
        return None

    def warnings(self) -> list[str]:
        """Return what looks wrong with the way that the corpus is read, each a sentence that says what to type.

        Raise CorpusError where the corpus cannot be read.
        """
        return []

    def notes(self) -> list[str]:
        """Return what was detected about the corpus, in words for the user, and the `warnings`."""
        return self.warnings()

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        for row in self.rows(MAX_CHARACTERS):
            if isinstance(row, Fault):
                raise CorpusError(row.message())
            yield row


@dataclass(frozen=True)
class FileCorpus(Corpus):
    """An open corpus in one file."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)


@dataclass
class Dropped:
    """How many pairs of a corpus are left out, and why."""

    max_characters: int
    total: int = 0  # pairs in the corpus, the dropped ones included
    empty: int = 0  # pairs with a side that is empty or blank
    too_long: int = 0  # pairs with no empty side and one of more than `max_characters` characters
    unreadable: int = 0  # Pairs that cannot be read: not UTF-8, no column, no JSON.
    first: str = ""  # what is wrong with the first of them, and where; "" when none is dropped

    @property
    def count(self) -> int:
        """The number of pairs that are dropped."""
        return self.empty + self.too_long + self.unreadable

    def add(self, fault: Fault) -> None:
        """Count one more faulty pair."""
        self.empty += fault.kind == "empty"
        self.too_long += fault.kind == "too long"
        self.unreadable += fault.kind == "unreadable"
        self.first = self.first or fault.message()

    def add_part(self, other: "Dropped") -> None:
        """Add what was counted in the part of the corpus that follows."""
        self.total, self.empty = self.total + other.total, self.empty + other.empty
        self.too_long, self.unreadable = self.too_long + other.too_long, self.unreadable + other.unreadable
        self.first = self.first or other.first

    def message(self) -> str:
        """Return a sentence for the user."""
        if not self.count:
            return f"kept all {self.total:,} pairs"
        reasons = [f"{self.empty:,} with an empty side"] if self.empty else []
        if self.too_long:
            reasons.append(f"{self.too_long:,} longer than {self.max_characters:,} characters")
        if self.unreadable:
            reasons.append(f"{self.unreadable:,} unreadable")
        return f"dropped {self.count:,} of {self.total:,} pairs: {', '.join(reasons)}. The first: {self.first}"


class LoadedPairs(NamedTuple):
    """The good pairs of a corpus, and a count of the others."""

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
    on_fault: Callable[[Fault], object] = lambda _: None,
) -> Iterator[Pair]:
    """Yield the pairs that are not faulty. `dropped` counts while they are read; `on_fault` gets each faulty one.

    A pair is faulty if it is unreadable, has a blank side, or has a side of more than `dropped.max_characters`
    characters. Under "stop", the first one raises CorpusError, whose message says how to leave such pairs out
    (`drop_setting`). Under "drop", they are left out. A corpus without a single good pair always raises CorpusError.
    The first `skip` rows, which `dropped` counted before, are skipped.
    """

    def check_beginning(fault: Fault) -> None:
        on_fault(fault)
        if dropped.total == dropped.count == _ALL_FAULTY:
            raise CorpusError(
                f"{corpus.name}: the first {dropped.total:,} pairs are all faulty. The first: {dropped.first}"
            )

    yield from pairs_of_part(
        corpus, dropped, on_error=on_error, drop_setting=drop_setting, skip=skip, on_fault=check_beginning
    )
    check_any_left(corpus.name, dropped)


def pairs_of_part(
    corpus: Corpus,
    dropped: Dropped,
    *,
    on_error: OnError,
    drop_setting: str = DROP_SETTING,
    skip: int = 0,
    on_fault: Callable[[Fault], object] = lambda _: None,
) -> Iterator[Pair]:
    """Yield pairs as `good_pairs` does, also where none is good: other parts of the corpus may have some."""
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
        on_fault(row)


def check_any_left(name: str, dropped: Dropped) -> None:
    """Raise CorpusError where a corpus has no pairs, or all of them are dropped."""
    if not dropped.total:
        raise CorpusError(f"{name}: there are no pairs, but a corpus needs at least one.")
    if dropped.total == dropped.count:
        raise CorpusError(f"{name}: no pair is left: {dropped.message()} Check the corpus and its columns.")


def with_features(source: str | bytes | None, features: str | bytes | None) -> str | bytes | None:
    """Return a source with its features as one text, or the one of both that is none."""
    if isinstance(source, str) and isinstance(features, str):
        return join_features(source, features)
    return features if isinstance(source, str) else source


def checked_pair(
    source: str | bytes | None, target: str | bytes | None, places: tuple[str, str], number: int, max_characters: int
) -> Pair | Fault:
    """Return pair number `number`, or what is wrong with it.

    A side is bytes when its line is not UTF-8, and None when its line was too long to be kept. `places` says where the
    source and the target stand, without the number.
    """
    if (
        isinstance(source, str)
        and isinstance(target, str)
        and 0 < len(source) <= max_characters
        and 0 < len(target) <= max_characters
        and not (source.isspace() or target.isspace())
    ):
        return Pair(source, target)
    sides = [(source, f"{places[0]} {number}"), (target, f"{places[1]} {number}")]
    for text, place in sides:
        if isinstance(text, bytes):
            return Fault(place, "unreadable", why_not_utf8(text))
    for text, place in sides:
        if isinstance(text, str) and (not text or text.isspace()):
            return Fault(place, "empty", "the text is empty; each pair needs text on both sides. Mend the pair.")
    place = next(place for text, place in sides if text is None or len(text) > max_characters)
    limit = f"{max_characters:,} characters, the limit that data.max_characters sets"
    return Fault(place, "too long", f"the text is longer than {limit}. Mend the pair.")
