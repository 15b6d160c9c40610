"""Counts of words. They suffice to learn a vocabulary, since no tokenizer has pieces that cross white space."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple

from tandem.text.normalisation import SPACE
from tandem.text.pipeline import without_surrogates

_ONLY_PYTHONS = re.compile("[\x1c-\x1f]")  # characters that only Python's own split takes for white space
_TOGETHER = 1000


class WordCounts(NamedTuple):
    """The number of occurrences of each word of one side of a corpus, before normalisation."""

    words: Counter[str]
    texts: int  # the number of texts with at least one word

    def add(self, other: "WordCounts") -> "WordCounts":
        """Return the sum of both counts. The table of this one is changed and used."""
        self.words.update(other.words)
        return WordCounts(self.words, self.texts + other.texts)


def split_texts(texts: Sequence[str]) -> list[list[str]]:
    """Split each text into words, and replace lone surrogates."""
    joined = "\n".join(texts)
    if joined != without_surrogates(joined):
        texts = [without_surrogates(text) for text in texts]
    if _ONLY_PYTHONS.search(joined):
        return [[word for word in SPACE.split(text) if word] for text in texts]
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
