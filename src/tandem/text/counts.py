"""Counts of words. They suffice to learn a vocabulary, since no tokenizer has pieces that cross white space."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
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


def split_texts(texts: Iterable[str]) -> Iterator[tuple[list[str], list[int]]]:
    """Yield the words of some texts at a time, with lone surrogates replaced, and the number of words of each text."""
    remaining = iter(texts)
    while together := list(islice(remaining, _TOGETHER)):
        joined = " ".join(together)
        # No white space but the space is printable, so most texts have single spaces between words, and are split at
        # once.
        if joined.isprintable() and "  " not in f" {joined} ":
            yield joined.split(" "), [text.count(" ") + 1 for text in together]
        else:
            split = [_split(text) for text in together]
            yield list(chain.from_iterable(split)), [*map(len, split)]


def count_words(texts: Iterable[str]) -> WordCounts:
    """Count the words of texts, which are read once and not kept."""
    words: Counter[str] = Counter()
    count = 0
    for together, sizes in split_texts(texts):
        words.update(together)
        count += len(sizes) - sizes.count(0)
    return WordCounts(words, count)


def _split(text: str) -> list[str]:
    text = without_surrogates(text)
    if _ONLY_PYTHONS.search(text):
        return [word for word in SPACE.split(text) if word]
    return text.split()
