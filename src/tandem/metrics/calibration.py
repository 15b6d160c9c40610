"""The probability that an output is right: the model's own probabilities, calibrated on outputs that were checked.

Because of label smoothing and the length of the output, the model's probability says little about whether it is right.
Logistic regression on that probability corrects it: Platt scaling (Platt 1999, "Probabilistic outputs for support
vector machines"; Guo et al. 2017, arXiv 1706.04599).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tandem.metrics.score import Score
from tandem.version import __version__

LEAST_OUTPUTS = 20  # The smallest number of outputs that a calibration is learnt from
_PRIOR = (0.0, 1.0)
"""The prior means of the weights, for features in standard deviations of the outputs.

A less probable token is less often right. Without this prior, a model that was always right on the validation corpus
would be just as sure of every other output.
"""
_LEAST_DEVIATIONS = (0.5, 0.05)
"""The smallest standard deviations in nats.

If all outputs are about equally probable, a slightly less probable one need not be wrong.
"""
_BINS = 10
_STEPS = 100
_CONVERGED = 1e-10


@dataclass(frozen=True)
class Calibration:
    """The probability that an output is right is the logistic function of a sum of three terms."""

    intercept: float
    total: float  # The weight of the output's log-probability in nats
    per_token: float  # The weight of its log-probability per token, `<eos>` included

    def confidence(self, token_scores: Sequence[float]) -> float:
        """Return the probability that an output is right, from the log-probabilities of its tokens and `<eos>`."""
        total, per_token = _features(token_scores)
        return 0.5 + 0.5 * math.tanh((self.intercept + self.total * total + self.per_token * per_token) / 2)


class ReliabilityBin(NamedTuple):
    """Outputs of about the same confidence."""

    outputs: int
    confidence: float  # The mean confidence, from 0 to 1
    right: float  # The share of the outputs that are right


def fit_calibration(outputs: Sequence[Sequence[float]], right: Sequence[bool]) -> Calibration | None:
    """Learn a calibration from the token scores of outputs and whether each is right; None from fewer than 20 outputs.

    Newton's method finds the most probable weights. They have a normal prior, and the targets are those of Platt: if n
    outputs are right, each of them counts as right with the probability (n + 1) / (n + 2).
    """
    if len(outputs) < LEAST_OUTPUTS:
        return None
    features = np.array([_features(scores) for scores in outputs])
    means, deviations = features.mean(0), np.maximum(features.std(0), _LEAST_DEVIATIONS)
    design = np.column_stack([np.ones(len(features)), (features - means) / deviations])
    good = np.array(right, dtype=bool)
    targets = np.where(good, (good.sum() + 1) / (good.sum() + 2), 1 / ((~good).sum() + 2))
    weights = _fit(design, targets)
    slopes = weights[1:] / deviations
    return Calibration(float(weights[0] - slopes @ means), float(slopes[0]), float(slopes[1]))


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = _BINS) -> list[ReliabilityBin]:
    """Sort outputs by confidence into bins of equal size, the least confident first; empty bins are left out.

    Raise ValueError if the numbers of confidences and outputs differ, or if there are none.
    """
    if len(confidences) != len(right) or not confidences:
        raise ValueError(
            f"there are {len(confidences)} confidences for {len(right)} outputs; give one for each, at least one"
        )
    values, good = np.array(confidences), np.array(right, dtype=float)
    order = np.argsort(values, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [ReliabilityBin(len(part), float(values[part].mean()), float(good[part].mean())) for part in parts]


def expected_calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = _BINS) -> float:
    """Return the mean distance between confidence and the share that is right, over bins of equal size: from 0 to 1.

    See Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning". Raise ValueError as
    `reliability` does.
    """
    parts = reliability(confidences, right, bins)
    return sum(part.outputs * abs(part.confidence - part.right) for part in parts) / len(confidences)


def calibration_error(confidences: Sequence[float], right: Sequence[bool], *, lowercase: bool) -> Score:
    """Return `expected_calibration_error` as a score, in percentage points; `lowercase` is whether case was ignored."""
    case = "lc" if lowercase else "mixed"
    signature = f"calibration_error|case:{case}|bins:{_BINS}|refs:any|tandem:{__version__}"
    return Score("calibration_error", 100 * expected_calibration_error(confidences, right), signature)


def _features(token_scores: Sequence[float]) -> tuple[float, float]:
    total = math.fsum(token_scores)
    return total, total / len(token_scores)


def _fit(design: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a logistic regression whose first weight, the intercept, has no prior: `[N, F]`, `[N]` -> `[F]`."""
    prior = np.array([0.0, *_PRIOR])
    precision = np.diag([1e-6, 1.0, 1.0])
    weights = prior.copy()
    for _ in range(_STEPS):
        expected = 0.5 + 0.5 * np.tanh(design @ weights / 2)
        gradient = design.T @ (expected - targets) + precision @ (weights - prior)
        curvature = (design.T * (expected * (1 - expected))) @ design + precision
        step = np.linalg.solve(curvature, gradient)
        # A long step may overshoot into the region where the logistic function is flat, so it is shortened.
        weights = weights - step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < _CONVERGED:
            break
    return weights
