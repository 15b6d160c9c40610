"""Weights that maximise the BLEU of the first hypotheses (Och 2003, https://aclanthology.org/P03-1021).

Along a line in the space of weights, the total of each hypothesis is a linear function. So the best hypothesis of a
sentence changes at few points, and BLEU is constant between these. They are found exactly, for all sentences at once.
Letters: S sentences, K hypotheses of each (shorter lists are filled up with their first one), F figures.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tandem.metrics.bootstrap import Statistics, bleu_of_sums

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_STARTS = 10
"""The number of starting points: the given weights, and random ones, which are always the same."""
_GAIN = 1e-9  # The smallest gain in BLEU that counts


class Lists(NamedTuple):
    """The hypotheses of a corpus."""

    figures: Array  # The figures of each hypothesis, `[S, K, F]`
    statistics: NDArray[np.int32]  # The tables that BLEU is computed from, `[S, K, 10]`

    def bleu(self, weights: Array) -> float:
        """Return BLEU of the hypotheses that these weights `[F]` rank first."""
        best = (self.figures @ weights).argmax(1)
        return float(bleu_of_sums(self.statistics[np.arange(len(best)), best].sum(0)))


def as_lists(figures: Sequence[Array], statistics: Sequence[Statistics]) -> Lists:
    """Fill up the figures `[k, F]` and tables `[k, 10]` of all sentences to one size. ValueError without sentences."""
    if not figures:
        raise ValueError("there is no sentence: tuning needs at least one")
    most = max(map(len, figures))
    rows = [np.minimum(np.arange(most), len(own) - 1) * (np.arange(most) < len(own)) for own in figures]
    return Lists(
        np.stack([own[indices] for own, indices in zip(figures, rows, strict=True)]),
        np.stack([own[indices] for own, indices in zip(statistics, rows, strict=True)]).astype(np.int32),
    )


def tune(lists: Lists, start: Array) -> Array:
    """Return the best weights `[F]` found from several starts: no change of a single one gives a higher BLEU.

    Their absolute values add up to 1.
    """
    generator = np.random.default_rng(0)
    spread = lists.figures.std((0, 1))
    spread[spread == 0] = 1.0
    best, highest = start, -1.0
    for number in range(_STARTS):
        weights, bleu = _climb(lists, generator.normal(size=len(start)) / spread if number else start)
        if bleu > highest + _GAIN:
            best, highest = weights, bleu
    return best


def _climb(lists: Lists, weights: Array) -> tuple[Array, float]:
    """Change the weight that gains most until no change gains; return the weights and their BLEU."""
    weights = weights / np.abs(weights).sum()
    bleu = lists.bleu(weights)
    while True:
        changes = [_best_change(lists, weights, figure) for figure in range(len(weights))]
        figure = max(range(len(changes)), key=lambda n: changes[n].bleu)
        if changes[figure].bleu <= bleu + _GAIN:
            return weights, bleu
        changed = weights.copy()
        changed[figure] += changes[figure].size
        changed /= np.abs(changed).sum()
        reached = lists.bleu(changed)
        if reached <= bleu + _GAIN:  # possible only by rounding
            return weights, bleu
        weights, bleu = changed, reached


class WeightChange(NamedTuple):
    """A change of one weight."""

    size: float  # What is added to the weight
    bleu: float  # BLEU after the change


def _best_change(lists: Lists, weights: Array, figure: int) -> WeightChange:
    """Return the best change of one weight: to the middle of the widest interval with the highest BLEU."""
    first, changes = _envelope(lists.figures @ weights, lists.figures[:, :, figure])
    sentences = np.arange(len(first))
    sums = lists.statistics[sentences, first].sum(0, dtype=np.int64)
    if not len(changes.steps):
        return WeightChange(0.0, float(bleu_of_sums(sums)))
    order = changes.steps.argsort(kind="stable")
    steps, rows = changes.steps[order], changes.sentences[order]
    gains = lists.statistics[rows, changes.after[order]] - lists.statistics[rows, changes.before[order]]
    scores = bleu_of_sums(sums + np.concatenate([np.zeros((1, gains.shape[1]), np.int64), gains.cumsum(0, np.int64)]))
    # The intervals before the first and after the last change are unbounded: they get edges of their own.
    edges = np.concatenate([[steps[0] - 2 * max(1, abs(steps[0]))], steps, [steps[-1] + 2 * max(1, abs(steps[-1]))]])
    widths = np.diff(edges)
    scores[widths <= 1e-9 * (1 + np.abs(edges[1:]))] = -1.0
    best = int(np.lexsort((widths, scores))[-1])
    return WeightChange(float(edges[best : best + 2].mean()), float(scores[best]))


class Changes(NamedTuple):
    """The n points at which the best hypothesis of a sentence changes."""

    steps: Array  # What is added to the weight at each point, `[n]`
    sentences: Indices  # The sentence whose best hypothesis changes, `[n]`
    before: Indices  # Its best hypothesis before the point, `[n]`
    after: Indices  # Its best hypothesis after the point, `[n]`


def _envelope(totals: Array, slopes: Array) -> tuple[Indices, Changes]:
    """Return the best hypothesis of each sentence at minus infinity, `[S]`, and all changes from there on.

    The total of a hypothesis is `totals + step * slopes`; both are `[S, K]`.
    """
    flattest = slopes == slopes.min(1, keepdims=True)
    first = np.where(flattest, totals, -np.inf).argmax(1)
    going, now = np.arange(len(first)), first.copy()
    changes: list[tuple[Array, Indices, Indices, Indices]] = []
    while len(going):
        steeper = slopes[going] - slopes[going, now][:, None]  # (G, K) - (G, 1)
        ahead = totals[going, now][:, None] - totals[going]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.where(steeper > 0, ahead / steeper, np.inf)
        steps = crossings.min(1)
        # Of several that cross at one point, the steepest is the best after it.
        after = np.where(crossings == steps[:, None], steeper, -np.inf).argmax(1)
        on = np.isfinite(steps)
        changes.append((steps[on], going[on], now[on], after[on]))
        going, now = going[on], after[on]
    return first, Changes(*(np.concatenate(parts) for parts in zip(*changes, strict=True)))
