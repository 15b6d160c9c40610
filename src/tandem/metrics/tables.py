"""The tables that scores are computed from, a row for each sentence: sums of rows give the score of any sample."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from tandem.metrics.bootstrap import Measure, Table, bleu_of_sums, bleu_statistics
from tandem.metrics.score import Score, check_corpus
from tandem.metrics.sequences import (
    cased,
    character_edit_rate,
    character_edits,
    exact,
    exact_table,
    word_edit_rate,
    word_edits,
)
from tandem.metrics.translation import bleu, chrf

_CHRF_ORDER, _CHRF_BETA = 6, 2.0


class Resampled(NamedTuple):
    """A score that can be resampled: `measure(tabulate(...).sum(0))` is the value that `metric` gives.

    `metric` and `tabulate` take hypotheses, references and `lowercase`. A table has a row for each sentence, `[N, k]`.
    """

    metric: Callable[..., Score]
    tabulate: Callable[..., Table]
    measure: Measure
    higher_is_better: bool = True


def chrf_table(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool) -> Table:
    """Return the table of character n-grams for n of 1 to 6, `[N, 18]`: the hypothesis's, the reference's, matching.

    Of several references, the one with the highest F-score counts, as in sacreBLEU.
    """
    check_corpus(hypotheses, references)
    rows = []
    for hypothesis, alternatives in zip(hypotheses, references, strict=True):
        own = _character_ngrams(cased(hypothesis, lowercase))
        candidates = np.array([_matches(own, _character_ngrams(cased(text, lowercase))) for text in alternatives])
        rows.append(candidates[chrf_of_sums(candidates).argmax()])
    return np.array(rows, dtype=np.int64)


def _character_ngrams(text: str) -> list[Counter[str]]:
    letters = "".join(text.split())
    return [Counter(letters[i : i + n] for i in range(len(letters) - n + 1)) for n in range(1, _CHRF_ORDER + 1)]


def _matches(own: Sequence[Counter[str]], reference: Sequence[Counter[str]]) -> list[int]:
    return [
        count
        for mine, theirs in zip(own, reference, strict=True)
        for count in (mine.total() if theirs else 0, theirs.total(), (mine & theirs).total())
    ]


def chrf_of_sums(sums: NDArray[np.number]) -> NDArray[np.float64]:
    """Return chrF2 (Popović 2015) in percent of sums of n-grams: `[..., 18]` -> `[...]`."""
    own, reference, matches = (sums[..., part::3] for part in range(3))
    counted = (own > 0) & (reference > 0)  # n-gram lengths that either side lacks are left out of the means
    orders = np.maximum(counted.sum(-1), 1)
    precision = np.where(counted, matches / np.maximum(own, 1), 0.0).sum(-1) / orders
    recall = np.where(counted, matches / np.maximum(reference, 1), 0.0).sum(-1) / orders
    both = _CHRF_BETA**2 * precision + recall
    score = (1 + _CHRF_BETA**2) * precision * recall / np.where(both > 0, both, 1.0)
    return cast(NDArray[np.float64], 100.0 * score)


def rate_of_sums(sums: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the first of two sums in percent of the second: `[..., 2]` -> `[...]`; 0 or 100 if the second is 0."""
    count, whole = sums[..., 0], sums[..., 1]
    rate = np.where(whole > 0, count / np.maximum(whole, 1), np.where(count > 0, 1.0, 0.0))
    return 100.0 * rate


RESAMPLED: Mapping[str, Resampled] = {
    "bleu": Resampled(bleu, bleu_statistics, bleu_of_sums),
    "chrf": Resampled(chrf, chrf_table, chrf_of_sums),
    "exact": Resampled(exact, exact_table, rate_of_sums),
    "character_edit_rate": Resampled(character_edit_rate, character_edits, rate_of_sums, higher_is_better=False),
    "word_edit_rate": Resampled(word_edit_rate, word_edits, rate_of_sums, higher_is_better=False),
}
"""Scores by name that can be resampled."""
