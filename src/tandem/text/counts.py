"""Counts of words, cut at white space: everything that a vocabulary is learnt from.

No piece of any kind of tokenizer crosses white space, so the pieces of a text are those of its words, in order.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple

from tandem.text.pipeline import without_surrogates

# What Unicode calls white space, as the library sees it; Python's own split takes U+001C to U+001F for space, too.
_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_ONLY_PYTHONS = re.compile("[\x1c-\x1f]")
_TOGETHER = 1000


class WordCounts(NamedTuple):
    """How often each word of one side of a corpus occurs, before normalisation."""

    words: Counter[str]
    texts: int
    """The number of texts with at least one word."""

    def add(self, other: "WordCounts") -> "WordCounts":
        """Return the sum of both counts. The table of this one is changed and used."""
        self.words.update(other.words)
        return WordCounts(self.words, self.texts + other.texts)


def split_texts(texts: Sequence[str]) -> list[list[str]]:
    """Split each text into words, lone surrogates replaced."""
    joined = "\n".join(texts)
    if joined != without_surrogates(joined):
        texts = [without_surrogates(text) for text in texts]
    if _ONLY_PYTHONS.search(joined):
        return [[word for word in _SPACE.split(text) if word] for text in texts]
    return [text.split() for text in texts]


def count_words(texts: Iterable[str]) -> WordCounts:
    """Count the words of texts, which are read once and not kept."""
    words: Counter[str] = Counter()
    count = 0
    remaining = iter(texts)
    while together := list(islice(remaining, _TOGETHER)):
        split = split_texts(together)
        words.update(chain.from_iterable(split))
        count += sum(map(bool, split))
    return WordCounts(words, count)
