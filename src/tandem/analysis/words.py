"""Texts as words, and how frequent each word is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby

from tandem.metrics.tokenisation import BleuTokenizer, word_splitter


def split_words(text: str, tokenizer: BleuTokenizer, *, lowercase: bool) -> list[str]:
    """Split a text into words and punctuation marks, as BLEU counts them with this tokenizer."""
    return word_splitter(tokenizer)(text.lower() if lowercase else text)


def frequency_ranks(texts: Iterable[str], tokenizer: BleuTokenizer, *, lowercase: bool) -> Mapping[str, float]:
    """Rank all words by frequency, from 1 for the most frequent.

    Equally frequent words share the mean of their ranks, so that no order is invented among them.
    """
    counts = Counter(word for text in texts for word in split_words(text, tokenizer, lowercase=lowercase))
    ranks: dict[str, float] = {}
    for _, group in groupby(counts.most_common(), key=lambda pair: pair[1]):
        words = [word for word, _ in group]
        rank = len(ranks) + (len(words) + 1) / 2
        ranks |= dict.fromkeys(words, rank)
    return ranks


def average_rank(text: str, ranks: Mapping[str, float], tokenizer: BleuTokenizer, *, lowercase: bool) -> float:
    """Return the mean rank of the words of a text; an unranked word comes after all. 0 for a text without words."""
    words = split_words(text, tokenizer, lowercase=lowercase)
    return sum(ranks.get(word, len(ranks) + 1) for word in words) / max(1, len(words))
