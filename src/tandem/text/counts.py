"""How often each word, as it stands between white space, occurs: all that a vocabulary is learnt from.

No piece of any kind of tokenizer reaches over white space, so a text's pieces are those of its words, in order.
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from tandem.text.pipeline import without_surrogates

# What Unicode calls white space, as the library sees it; Python's own split takes U+001C to U+001F for space, too.
_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_ONLY_PYTHONS = re.compile("[\x1c-\x1f]")
_TOGETHER = 1000


class WordCounts(NamedTuple):
    """The words of a side of a corpus, cut at white space and not yet normalised."""

    words: Counter[str]
    texts: int
    """Those with at least one word."""

    def add(self, other: "WordCounts") -> "WordCounts":
        """Both together; the larger one's table is used and changed."""
        self.words.update(other.words)
        return WordCounts(self.words, self.texts + other.texts)


def split_words(text: str) -> list[str]:
    """The words of a text without lone surrogates."""
    if _ONLY_PYTHONS.search(text):
        return [word for word in _SPACE.split(text) if word]
    return text.split()


def count_words(texts: Iterable[str]) -> WordCounts:
    """Count the words of texts, which are read once and not kept."""
    words: Counter[str] = Counter()
    count = 0
    remaining = iter(texts)
    while together := list(islice(remaining, _TOGETHER)):
        joined = without_surrogates("\n".join(together))
        words.update(split_words(joined))
        if _ONLY_PYTHONS.search(joined):
            count += sum(bool(split_words(text)) for text in together)
        else:
            count += sum(bool(text) and not text.isspace() for text in together)
    return WordCounts(words, count)
