"""Pairs that a Python program hands over, in whatever form it has them."""

from collections.abc import Iterable, Mapping

from tandem.data.pairs import Pair
from tandem.data.records import Unreadable, pair_of
from tandem.errors import ArgumentError, CorpusError


def read_once(pairs: Iterable[tuple[str, str]], argument: str) -> list[tuple[str, str]]:
    """The items of any iterable, which may be a generator. ArgumentError where it is no iterable of pairs.

    `argument` is the name that messages use. The items are checked when the corpus is read.
    """
    if isinstance(pairs, str | bytes | Mapping) or not isinstance(pairs, Iterable):
        raise ArgumentError(
            f"{argument} is of type {type(pairs).__name__}, but must be a list or another iterable of pairs of texts, "
            'such as [("guten tag", "good day")]'
        )
    return list(pairs)


def checked_pairs(pairs: Iterable[tuple[str, str]], argument: str) -> list[Pair]:
    """All pairs of an iterable. ArgumentError as for `read_once`; CorpusError where an item is no pair of texts."""
    checked = []
    for number, row in enumerate(read_once(pairs, argument), start=1):
        try:
            checked.append(Pair(*pair_of(row)))
        except Unreadable as error:
            raise CorpusError(f"{argument}, pair {number}: {error}") from None
    return checked
