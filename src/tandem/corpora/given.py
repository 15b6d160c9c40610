"""Checks pairs that a Python program passes, in any form."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from tandem.corpora.records import Unreadable, references_of
from tandem.errors import ArgumentError, CorpusError

_Row = TypeVar("_Row")


def read_once(pairs: Iterable[_Row], argument: str) -> list[_Row]:
    """Return the items of any iterable, which may be a generator. Raise ArgumentError where it cannot have pairs.

    Messages call it `argument`. The items are checked when the corpus is read.
    """
    if isinstance(pairs, str | bytes | Mapping) or not isinstance(pairs, Iterable):
        raise ArgumentError(
            f"{argument} is of type {type(pairs).__name__}, but must be a list or another iterable of pairs of texts, "
            'such as [("guten tag", "good day")]'
        )
    return list(pairs)


def checked_references(
    pairs: Iterable[tuple[str, str | Sequence[str]]], argument: str
) -> list[tuple[str, tuple[str, ...]]]:
    """Return each source of an iterable of pairs with its target, or with its list of targets.

    Raise ArgumentError as `read_once` does, and CorpusError where an item is no such pair.
    """
    checked = []
    for number, row in enumerate(read_once(pairs, argument), start=1):
        try:
            checked.append(references_of(row))
        except Unreadable as error:
            raise CorpusError(f"{argument}, pair {number}: {error}") from None
    return checked


def checked_texts(texts: Iterable[str], argument: str) -> Iterator[str]:
    """Yield the texts. Raise ArgumentError where an item is no string."""
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        raise ArgumentError(f"{argument} is of type {type(texts).__name__}, but must be a list of texts")
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise ArgumentError(f"{argument}: item {number} is of type {type(text).__name__}, but must be a text")
        yield text
