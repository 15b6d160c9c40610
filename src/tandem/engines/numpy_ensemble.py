"""What an ensemble computes in numpy: the mean of its members' predictions, and the best tokens of each row.

`averaging.py` and `selection.py` do the same in torch. Letters: `N` rows of a step, `V` vocabulary, `C` candidates.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias, get_args

import numpy as np

from tandem.engines.engine import FloatArray, IntArray
from tandem.names import Averaging

Mean: TypeAlias = Callable[[Sequence[FloatArray]], FloatArray]
"""The members' log-probabilities, `[N, V]` each -> those of their mean, `[N, V]`."""


def arithmetic_mean(scores: Sequence[FloatArray]) -> FloatArray:
    """Average the members' probabilities."""
    total: FloatArray = np.logaddexp.reduce(scores)
    return total - math.log(len(scores))


def geometric_mean(scores: Sequence[FloatArray]) -> FloatArray:
    """Average the members' log-probabilities and normalise."""
    mean: FloatArray = np.mean(scores, axis=0)
    totals: FloatArray = np.logaddexp.reduce(mean, axis=1)
    return mean - totals[:, None]


_MEANS: dict[Averaging, Mean] = {"arithmetic": arithmetic_mean, "geometric": geometric_mean}


def mean_by_name(averaging: Averaging) -> Mean:
    """Return the mean of that name. Raise ValueError for an unknown name."""
    if averaging not in _MEANS:
        raise ValueError(f"averaging is {averaging!r}, but it must be one of {', '.join(get_args(Averaging))}")
    return _MEANS[averaging]


def best_ids(scores: FloatArray, count: int) -> IntArray:
    """Return the ids of the `count` best scores of each row, `[N, C]`: the best first, among equals the lowest id."""
    if count >= scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")
    chosen = np.sort(np.argpartition(-scores, count - 1, axis=1)[:, :count], axis=1)
    values = np.take_along_axis(scores, chosen, axis=1)
    worst = values.min(axis=1, keepdims=True)
    # argpartition may have chosen any of several equal scores for the last places, so sort the rows with such scores.
    for row in np.flatnonzero(
        ((scores == worst).sum(axis=1) > (values == worst).sum(axis=1)) & (worst[:, 0] > -np.inf)
    ):
        chosen[row] = np.sort(np.argsort(-scores[row], kind="stable")[:count])
        values[row] = scores[row, chosen[row]]
    return np.take_along_axis(chosen, np.argsort(-values, axis=1, kind="stable"), axis=1)
