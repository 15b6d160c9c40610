"""n-best lists as values: the hypotheses of a sentence, with their scores and features."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tandem.errors import CorpusError
from tandem.files.lines import read_lines, why_not_utf8

_MOST_BYTES = 2**26  # The largest size of a line; in JSON it holds all hypotheses of a sentence

Features: TypeAlias = Mapping[str, tuple[float, ...]]
"""Figures of a hypothesis by name; in Moses' lists a name may have several."""


@dataclass(frozen=True)
class Candidate:
    """A hypothesis in a list, with its figures. Further fields and other values are written again."""

    text: str
    score: float | None = None  # The total that the list is ranked by; higher is better
    features: Features = field(default_factory=dict)
    further: tuple[str, ...] = ()  # The fields of a Moses line after the score, such as an alignment
    others: Mapping[str, object] = field(default_factory=dict)  # Other values in a JSON line
    line: int = 0  # The number of its line in the file, counted from 1


@dataclass(frozen=True)
class NBestList:
    """The hypotheses of one sentence."""

    number: int  # The number of the sentence, counted from 0
    candidates: tuple[Candidate, ...]
    source: str | None = None  # The sentence; None where the list does not hold it
    others: Mapping[str, object] = field(default_factory=dict)  # Other values about it in a JSON line
    path: str = "the n-best list"

    def error(self, candidate: Candidate, fault: str) -> CorpusError:
        """Return the error to raise about a hypothesis."""
        return CorpusError(f"{self.path} line {candidate.line}: {fault}")


class Line(NamedTuple):
    """A line of a file of n-best lists."""

    path: Path
    number: int
    text: str

    def error(self, fault: str) -> CorpusError:
        """Return the error to raise about the line."""
        return CorpusError(f"{self.path} line {self.number}: {fault}")

    def finite(self, value: float, what: str) -> float:
        """Return the value of `what`. CorpusError where it is infinite or NaN, which would outrank all others."""
        if not math.isfinite(value):
            raise self.error(f"the {what} is {value}, but must be a finite number")
        return value


def read_list_lines(path: Path) -> Iterator[Line]:
    """Read the lines of a plain or compressed file. CorpusError where it is damaged, or a line too long or no UTF-8."""
    for number, text in enumerate(read_lines(path, _MOST_BYTES), start=1):
        if text is None:
            raise CorpusError(f"{path} line {number}: has more than {_MOST_BYTES:,} bytes; no list is that long")
        if isinstance(text, bytes):
            raise CorpusError(f"{path} line {number}: {why_not_utf8(text)}")
        yield Line(path, number, text)
