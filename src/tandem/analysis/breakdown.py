"""BLEU by a property of the source: the paper's Figure 3 (Sutskever et al. 2014, section 3.7)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tandem.analysis.systems import System
from tandem.metrics.bootstrap import Interval, Resampling, interval
from tandem.metrics.sequences import cased
from tandem.metrics.tokenisation import word_splitter
from tandem.names import BleuTokenizer

MOST_BINS = 8
_LEAST_SENTENCES = 25
"""The smallest number of sentences in a bin, if the corpus has as many: with fewer, BLEU says little."""


@dataclass(frozen=True)
class Bin:
    """Sentences that are alike in a property, which has values from `low` to `high`."""

    low: float
    high: float
    sentences: int
    scores: tuple[Interval, ...]  # BLEU of each system, in the order of the systems


@dataclass(frozen=True)
class Breakdown:
    """BLEU by a property, in bins of equal counts, in rising order of the property."""

    prop: str  # The property that the sentences are sorted by, in words
    bins: tuple[Bin, ...]


def by_length(systems: Sequence[System], resampling: Resampling) -> Breakdown:
    """Return BLEU by the number of words in the source."""
    references = systems[0].references
    split = word_splitter(references.source_tokenizer)
    lengths = [len(split(source)) for source in references.sources]
    return _breakdown("words in the source", lengths, systems, resampling)


def by_frequency(
    systems: Sequence[System], ranks: Mapping[str, float], ranked_in: str, resampling: Resampling
) -> Breakdown:
    """Return BLEU by the mean frequency rank of the source's words. `ranked_in` says where words were counted."""
    references = systems[0].references
    values = [
        average_rank(source, ranks, references.source_tokenizer, lowercase=references.lowercase)
        for source in references.sources
    ]
    return _breakdown(f"average frequency rank of the source's words, in {ranked_in}", values, systems, resampling)


def frequency_ranks(texts: Iterable[str], tokenizer: BleuTokenizer, *, lowercase: bool) -> Mapping[str, float]:
    """Rank all words by frequency, from 1 for the most frequent.

    Equally frequent words share the mean of their ranks, so that no order is invented among them.
    """
    split = word_splitter(tokenizer)
    counts = Counter(word for text in texts for word in split(cased(text, lowercase)))
    ranks: dict[str, float] = {}
    for _, group in groupby(counts.most_common(), key=lambda pair: pair[1]):
        words = [word for word, _ in group]
        rank = len(ranks) + (len(words) + 1) / 2
        ranks |= dict.fromkeys(words, rank)
    return ranks


def average_rank(text: str, ranks: Mapping[str, float], tokenizer: BleuTokenizer, *, lowercase: bool) -> float:
    """Return the mean rank of the words of a text; an unranked word comes after all. 0 for a text without words."""
    words = word_splitter(tokenizer)(cased(text, lowercase))
    return sum(ranks.get(word, len(ranks) + 1) for word in words) / max(1, len(words))


def _breakdown(prop: str, values: Sequence[float], systems: Sequence[System], resampling: Resampling) -> Breakdown:
    number = max(1, min(MOST_BINS, len(values) // _LEAST_SENTENCES))
    # The sort is stable, and sizes differ by one at most: sentences with the same value may fall into two bins, as they
    # do in the paper's figure.
    order = np.argsort(np.asarray(values), kind="stable")
    bins = []
    for rows in np.array_split(order, number):
        low, high = float(values[rows[0]]), float(values[rows[-1]])
        inside = np.sort(rows)  # in the order of the corpus
        scores = tuple(interval([system.statistics[inside]], resampling) for system in systems)
        bins.append(Bin(low, high, len(rows), scores))
    return Breakdown(prop, tuple(bins))
