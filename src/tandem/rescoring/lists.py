"""n-best lists as values: what systems say of each hypothesis of a sentence."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tandem.errors import CorpusError
from tandem.files.lines import read_lines, why_not_utf8

_MOST_BYTES = 2**26
"""Of a line: in JSON it holds all hypotheses of a sentence."""

Features: TypeAlias = Mapping[str, tuple[float, ...]]
"""Named figures of a hypothesis; Moses has several of some names."""


@dataclass(frozen=True)
class Candidate:
    """A hypothesis of a list, and what the list says of it."""

    text: str
    score: float | None = None
    """The total that the list is ranked by; higher is better. None where the list has none."""
    features: Features = field(default_factory=dict)
    further: tuple[str, ...] = ()
    """Fields of a Moses line behind its score, such as an alignment, kept to be written again."""
    others: Mapping[str, object] = field(default_factory=dict)
    """What else a JSON line says of it, kept likewise."""
    line: int = 0
    """Where it stands in its file, counted from 1."""


@dataclass(frozen=True)
class NBestList:
    """The hypotheses of one sentence."""

    number: int
    """Of the sentence, counted from 0."""
    candidates: tuple[Candidate, ...]
    source: str | None = None
    others: Mapping[str, object] = field(default_factory=dict)
    """What else a JSON line says of the sentence, kept likewise."""
    path: str = "the n-best list"

    def error(self, candidate: Candidate, fault: str) -> CorpusError:
        """What is to be raised about a hypothesis."""
        return CorpusError(f"{self.path} line {candidate.line}: {fault}")


class Line(NamedTuple):
    """A line of a file that should hold n-best lists."""

    path: Path
    number: int
    text: str

    def error(self, fault: str) -> CorpusError:
        """What is to be raised about it."""
        return CorpusError(f"{self.path} line {self.number}: {fault}")

    def finite(self, value: float, what: str) -> float:
        """The value of `what`. CorpusError where it is infinite or NaN: it would be above or below all others."""
        if not math.isfinite(value):
            raise self.error(f"the {what} is {value}, but must be a finite number")
        return value


def read_list_lines(path: Path) -> Iterator[Line]:
    """The lines of a file that may be compressed. CorpusError where one is too long or not UTF-8, or it is damaged."""
    for number, text in enumerate(read_lines(path, _MOST_BYTES), start=1):
        if text is None:
            raise CorpusError(f"{path} line {number}: has more than {_MOST_BYTES:,} bytes; no list is that long")
        if isinstance(text, bytes):
            raise CorpusError(f"{path} line {number}: {why_not_utf8(text)}")
        yield Line(path, number, text)
