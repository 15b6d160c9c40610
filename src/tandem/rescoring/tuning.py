"""Weights that make the BLEU of the first hypotheses as high as they can (Och 2003, https://aclanthology.org/P03-1021).

Along a line in the space of weights each hypothesis' total is a straight line, so the best one of a sentence changes at
few places, and BLEU is constant between these. They are found exactly, of all sentences at once. Letters: S sentences,
K hypotheses of each (shorter lists are filled up with their first), F figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tandem.metrics.bootstrap import Statistics, bleu_of_sums

Array = NDArray[np.float64]
Places = NDArray[np.int64]

_GAIN = 1e-9
"""Of BLEU, that is worth a step."""


@dataclass(frozen=True)
class TuningSettings:
    """How weights are looked for. The same settings find the same weights."""

    starts: int = 10
    """Places that are started from: the given weights, and random ones."""
    seed: int = 0


class Lists(NamedTuple):
    """The hypotheses of a corpus."""

    figures: Array
    """[S, K, F]"""
    statistics: NDArray[np.int32]
    """What BLEU is computed from, [S, K, 10]."""

    def bleu(self, weights: Array) -> float:
        """Of the hypotheses that these weights, [F], rank first."""
        best = (self.figures @ weights).argmax(1)
        return float(bleu_of_sums(self.statistics[np.arange(len(best)), best].sum(0)))


def as_lists(figures: Sequence[Array], statistics: Sequence[Statistics]) -> Lists:
    """Sentences' figures, [k, F] each, and statistics, [k, 10] each, filled up. ValueError where there is none."""
    if not figures:
        raise ValueError("there is no sentence: tuning needs at least one")
    most = max(map(len, figures))
    rows = [np.minimum(np.arange(most), len(own) - 1) * (np.arange(most) < len(own)) for own in figures]
    return Lists(
        np.stack([own[places] for own, places in zip(figures, rows, strict=True)]),
        np.stack([own[places] for own, places in zip(statistics, rows, strict=True)]).astype(np.int32),
    )


def tune(lists: Lists, start: Array, settings: TuningSettings | None = None) -> Array:
    """Weights [F] of which no single one can be changed for a higher BLEU, the best found from several starts.

    Their absolute values add up to 1.
    """
    settings = settings or TuningSettings()
    chance = np.random.default_rng(settings.seed)
    spread = lists.figures.std((0, 1))
    spread[spread == 0] = 1.0
    best, highest = start, -1.0
    for number in range(settings.starts):
        weights, bleu = _climb(lists, chance.normal(size=len(start)) / spread if number else start)
        if bleu > highest + _GAIN:
            best, highest = weights, bleu
    return best


def _climb(lists: Lists, weights: Array) -> tuple[Array, float]:
    """Change the one weight that gains most, again and again, until none gains; the weights, and their BLEU."""
    weights = weights / np.abs(weights).sum()
    bleu = lists.bleu(weights)
    while True:
        steps = [_best_step(lists, weights, figure) for figure in range(len(weights))]
        figure = max(range(len(steps)), key=lambda n: steps[n].bleu)
        if steps[figure].bleu <= bleu + _GAIN:
            return weights, bleu
        changed = weights.copy()
        changed[figure] += steps[figure].size
        changed /= np.abs(changed).sum()
        reached = lists.bleu(changed)
        if reached <= bleu + _GAIN:  # only rounding could have it so
            return weights, bleu
        weights, bleu = changed, reached


class Step(NamedTuple):
    """How much to add to a weight, and the BLEU that this has."""

    size: float
    bleu: float


def _best_step(lists: Lists, weights: Array, figure: int) -> Step:
    """The best change of one weight: into the middle of the interval of the highest BLEU, the widest of several."""
    first, changes = _envelope(lists.figures @ weights, lists.figures[:, :, figure])
    sentences = np.arange(len(first))
    sums = lists.statistics[sentences, first].sum(0, dtype=np.int64)
    if not len(changes.steps):
        return Step(0.0, float(bleu_of_sums(sums)))
    order = changes.steps.argsort(kind="stable")
    steps, rows = changes.steps[order], changes.sentences[order]
    gains = lists.statistics[rows, changes.after[order]] - lists.statistics[rows, changes.before[order]]
    scores = bleu_of_sums(sums + np.concatenate([np.zeros((1, gains.shape[1]), np.int64), gains.cumsum(0, np.int64)]))
    # Beyond the first and the last change nothing changes any more.
    edges = np.concatenate([[steps[0] - 2 * max(1, abs(steps[0]))], steps, [steps[-1] + 2 * max(1, abs(steps[-1]))]])
    widths = np.diff(edges)
    scores[widths <= 1e-9 * (1 + np.abs(edges[1:]))] = -1.0
    place = int(np.lexsort((widths, scores))[-1])
    return Step(float(edges[place : place + 2].mean()), float(scores[place]))


class Changes(NamedTuple):
    """Where the best hypothesis of a sentence changes, n places."""

    steps: Array
    sentences: Places
    before: Places
    after: Places


def _envelope(totals: Array, slopes: Array) -> tuple[Places, Changes]:
    """The best hypothesis of each sentence at minus infinity, [S], and all changes from there on.

    A hypothesis' total is `totals + step * slopes`, both [S, K].
    """
    flattest = slopes == slopes.min(1, keepdims=True)
    first = np.where(flattest, totals, -np.inf).argmax(1)
    going, now = np.arange(len(first)), first.copy()
    found: list[tuple[Array, Places, Places, Places]] = []
    while len(going):
        steeper = slopes[going] - slopes[going, now][:, None]  # (G, K) - (G, 1)
        ahead = totals[going, now][:, None] - totals[going]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.where(steeper > 0, ahead / steeper, np.inf)
        steps = crossings.min(1)
        # Of several that cross at one place the steepest is the best beyond it.
        after = np.where(crossings == steps[:, None], steeper, -np.inf).argmax(1)
        on = np.isfinite(steps)
        found.append((steps[on], going[on], now[on], after[on]))
        going, now = going[on], after[on]
    return first, Changes(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
