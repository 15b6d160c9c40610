"""Confidence intervals by bootstrap resampling of sentences (Koehn 2004, https://aclanthology.org/W04-3250).

BLEU and perplexity are functions of sums over sentences. Each sentence is counted once, and a resample costs a sum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU

from tandem.metrics.score import check_corpus
from tandem.metrics.tokenisation import choose_tokenizer
from tandem.names import TokenizerChoice

_ORDER = 4  # The length of the longest n-grams that are counted

Table: TypeAlias = NDArray[np.number]  # The counts that a figure is computed from, a row for each sentence: `[N, k]`
Measure: TypeAlias = Callable[[NDArray[np.number]], NDArray[np.float64]]
"""Computes figures from sums of tables: `[..., k]` -> `[...]`."""
Statistics: TypeAlias = NDArray[np.int64]
"""The table of BLEU, `[N, 10]`.

A row has the lengths of the translation and the reference, the matching n-grams for n of 1 to 4, and all n-grams.
"""


@dataclass(frozen=True)
class Interval:
    """A figure, and the range in which it would lie with other sentences of the same kind."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampling:
    """The settings of resampling. The same settings draw the same sentences for all systems."""

    samples: int = 1000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """ValueError for settings out of range."""
        if self.samples < 1 or self.seed < 0 or not 0 < self.confidence < 1:
            raise ValueError(
                f"samples ({self.samples}) must be 1 or more, seed ({self.seed}) 0 or more, "
                f"confidence ({self.confidence}) between 0 and 1"
            )

    @property
    def signature(self) -> str:
        """The settings that reproduce the same resamples, in sacreBLEU's notation."""
        return f"bs:{self.samples}|seed:{self.seed}|ci:{100 * self.confidence:g}"


def bleu_statistics(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool = False,
    tokenize: TokenizerChoice = "auto",
) -> Statistics:
    """Return the table that BLEU is computed from; arguments and errors are those of `tandem.metrics.bleu`."""
    check_corpus(hypotheses, references)
    tokenizer = choose_tokenizer(tokenize, chain.from_iterable(references))
    # The effective order changes the scores of sentences, which are not used, but not their counts.
    metric = BLEU(lowercase=lowercase, force=True, effective_order=True, tokenize=tokenizer)
    rows = []
    for hypothesis, alternatives in zip(hypotheses, references, strict=True):
        score = metric.sentence_score(hypothesis, alternatives)
        rows.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
    return np.array(rows, dtype=np.int64)


def bleu_of_sums(sums: NDArray[np.number]) -> NDArray[np.float64]:
    """Return BLEU in percent of sums of statistics, `[..., 10]` -> `[...]`, which equals `tandem.metrics.bleu`.

    The first length of n-grams without any match counts as 1/2 match, the next such length as 1/4, and so on, as in
    mteval-v13a.pl ("exp" smoothing, Chen & Cherry 2014, method 3).
    """
    lengths, reference_lengths = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + _ORDER], sums[..., 2 + _ORDER :]
    halvings = np.cumsum((matches == 0) & (totals > 0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # If there are no n-grams of a length at all, their precision is 0, and so is BLEU.
        counted = np.where(matches > 0, matches, 0.5**halvings)
        logs = np.log(np.where(totals > 0, 100.0 * counted / totals, 0.0))
        brevity = np.minimum(0.0, 1.0 - reference_lengths / lengths)
        scores = np.exp(logs.mean(-1) + brevity)
    return cast(NDArray[np.float64], np.where(matches.any(-1), scores, 0.0))


def perplexity_of_sums(sums: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the perplexity of sums of nats and tokens: `[..., 2]` -> `[...]`."""
    return cast(NDArray[np.float64], np.exp(sums[..., 0] / sums[..., 1]))


def interval(systems: Sequence[Table], resampling: Resampling, measure: Measure = bleu_of_sums) -> Interval:
    """Return a figure with its interval; with several systems, the mean of their figures.

    The interval shows how much other sentences would change the figure, not how much another training would. Raise
    ValueError if there is no system, or if their numbers of sentences differ.
    """
    samples = resampled(systems, resampling, measure).mean(0)
    return _between(_mean(systems, measure), samples, resampling)


def difference_interval(
    systems: Sequence[Table], baselines: Sequence[Table], resampling: Resampling, measure: Measure = bleu_of_sums
) -> Interval:
    """Return by how much the mean figure of systems exceeds that of baselines, on the same resamples.

    Raise ValueError if a side has no system, or if the numbers of sentences differ.
    """
    for side in (systems, baselines):
        _sentences(side)
    figures = resampled([*systems, *baselines], resampling, measure)
    samples = figures[: len(systems)].mean(0) - figures[len(systems) :].mean(0)
    return _between(_mean(systems, measure) - _mean(baselines, measure), samples, resampling)


@dataclass(frozen=True)
class Difference:
    """The difference of a figure between two sides, and whether it may be chance."""

    interval: Interval
    p_value: float  # Two-sided: the probability of a difference of this size if both sides are equally good


def difference_of_trainings(
    systems: Sequence[Table], baselines: Sequence[Table], resampling: Resampling, measure: Measure = bleu_of_sums
) -> Difference:
    """Compare trainings by paired bootstrap of sentences (Koehn 2004) and of trainings, both drawn with replacement.

    All systems share the sentences of a resample. If a side has several trainings, these are drawn as well, and their
    spread is scaled to the unbiased variance of a mean; a single training stays as it is. The p value is computed as in
    sacreBLEU, but it is 1 if nothing differs. Raise ValueError as `difference_interval` does.
    """
    for side in (systems, baselines):
        _sentences(side)
    figures = resampled([*systems, *baselines], resampling, measure)
    generator = np.random.default_rng(resampling.seed + 1)
    high, low = (_drawn(side, generator) for side in (figures[: len(systems)], figures[len(systems) :]))
    value, samples = _mean(systems, measure) - _mean(baselines, measure), high - low
    beyond = int((np.abs(samples - samples.mean()) >= abs(value)).sum())
    return Difference(_between(value, samples, resampling), (beyond + 1) / (len(samples) + 1))


def _drawn(figures: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return for each resample the mean of trainings drawn with replacement: `[systems, samples]` -> `[samples]`."""
    count = len(figures)
    mean: NDArray[np.float64] = figures.mean(0)
    if count == 1:
        return mean
    chosen = np.take_along_axis(figures, generator.integers(count, size=figures.shape), axis=0).mean(0)
    return cast(NDArray[np.float64], mean + (chosen - mean) * np.sqrt(count / (count - 1)))


def resampled(systems: Sequence[Table], resampling: Resampling, measure: Measure) -> NDArray[np.float64]:
    """Return the figure of each system on each resample, which all systems share: `[systems, samples]`."""
    sentences = _sentences(systems)
    # (N, systems * k): for each resample, one product gives the sums of all systems.
    table = np.concatenate(list(systems), axis=1).astype(np.float64)
    generator = np.random.default_rng(resampling.seed)
    sums = np.empty((resampling.samples, table.shape[1]))
    for sample in range(resampling.samples):
        drawn = np.bincount(generator.integers(sentences, size=sentences), minlength=sentences)
        sums[sample] = drawn @ table
    return measure(sums.reshape(resampling.samples, len(systems), -1)).T


def _mean(systems: Sequence[Table], measure: Measure) -> float:
    return float(np.mean([measure(system.sum(0)) for system in systems]))


def _between(value: float, samples: NDArray[np.float64], resampling: Resampling) -> Interval:
    rest = 50 * (1 - resampling.confidence)
    low, high = np.percentile(samples, [rest, 100 - rest])
    return Interval(value, float(low), float(high))


def _sentences(systems: Sequence[Table]) -> int:
    """Return the number of sentences that all systems have. Raise ValueError if their numbers differ."""
    if not systems:
        raise ValueError("there is no system: an interval needs at least one")
    numbers = {len(system) for system in systems}
    if len(numbers) > 1:
        raise ValueError(f"the systems have {sorted(numbers)} sentences; to compare them, give all the same sentences")
    return numbers.pop()
