"""Confidences mean what they say, however the model's own probabilities are bent."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.metrics.calibration import Calibration, expected_calibration_error, fit_calibration, reliability

Outputs = tuple[list[list[float]], list[bool]]


def drawn(count: int, truth: Callable[[float, int], float], seed: int) -> Outputs:
    """Outputs of 3 to 12 tokens, right with the probability that `truth` gives for log-probability and length."""
    chance = random.Random(seed)
    outputs = [
        [math.log(chance.betavariate(spread, 1)) for _ in range(chance.randint(3, 12))]
        for spread in (chance.choice([3, 30]) for _ in range(count))
    ]
    return outputs, [chance.random() < truth(sum(scores), len(scores)) for scores in outputs]


TRUTHS: dict[str, Callable[[float, int], float]] = {
    "as they are": lambda total, _: math.exp(total),
    "too low, as label smoothing makes them": lambda total, _: 1 / (1 + math.exp(-4 - 2 * total)),
    "by the token": lambda total, tokens: 1 / (1 + math.exp(-3 - 12 * total / tokens)),
    "nearly always right": lambda *_: 0.997,
    "never right": lambda *_: 0.0,
}


@pytest.mark.parametrize("truth", TRUTHS.values(), ids=TRUTHS)
def test_confidences_are_probabilities_of_being_right(truth: Callable[[float, int], float]) -> None:
    calibration = fit_calibration(*drawn(500, truth, seed=1))
    assert calibration is not None
    outputs, right = drawn(5000, truth, seed=2)
    assert expected_calibration_error([calibration.confidence(scores) for scores in outputs], right) < 0.05


def test_few_outputs_teach_little_and_none_at_all() -> None:
    outputs, right = drawn(20, TRUTHS["by the token"], seed=3)
    assert fit_calibration(outputs[:19], right[:19]) is None
    calibration = fit_calibration(outputs, [True] * 20)
    assert calibration is not None
    confidences = [calibration.confidence(scores) for scores in outputs]
    assert sum(confidences) / 20 == pytest.approx(21 / 22, abs=0.001)
    # What is far less probable than anything that was seen is not trusted, though all that was seen was right.
    assert calibration.confidence([-5.0] * 8) < 0.01 < 0.5 < min(confidences)


def test_equally_probable_outputs_are_as_sure_as_the_share_that_is_right() -> None:
    calibration = fit_calibration([[-0.1] * 5] * 40, [True, True, True, False] * 10)
    assert calibration is not None
    assert calibration.confidence([-0.1] * 5) == pytest.approx(30 / 40, abs=0.01)


@given(
    st.lists(st.tuples(st.lists(st.floats(-1e4, 0), min_size=1, max_size=5), st.booleans()), min_size=20, max_size=30)
)
def test_any_outputs_have_a_calibration_and_confidences_between_0_and_1(pairs: list[tuple[list[float], bool]]) -> None:
    outputs, right = [scores for scores, _ in pairs], [good for _, good in pairs]
    calibration = fit_calibration(outputs, right)
    assert calibration is not None
    assert all(0 <= calibration.confidence(scores) <= 1 for scores in outputs)
    assert calibration == fit_calibration(outputs, right)


def test_a_confidence_is_the_logistic_function_of_a_sum() -> None:
    calibration = Calibration(1.0, 0.5, 2.0)
    assert calibration.confidence([-1.0, -2.0]) == pytest.approx(1 / (1 + math.exp(-(1.0 - 1.5 - 3.0))))
    assert calibration.confidence([0.0]) == pytest.approx(1 / (1 + math.exp(-1)))
    assert calibration.confidence([-1e6]) == 0


def test_the_error_is_a_mean_over_bins_of_equal_size() -> None:
    confidences, right = [0.9, 0.1, 0.8, 0.2], [True, False, False, False]
    low, high = reliability(confidences, right, bins=2)
    assert (low.outputs, low.right, high.outputs, high.right) == (2, 0.0, 2, 0.5)
    assert [low.confidence, high.confidence] == pytest.approx([0.15, 0.85])
    assert expected_calibration_error(confidences, right, bins=2) == pytest.approx((0.15 + 0.35) / 2)
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0.0
    assert [part.outputs for part in reliability([0.5] * 25, [True] * 25)] == [3] * 5 + [2] * 5


@pytest.mark.parametrize("right", [[], [True]])
def test_each_output_needs_a_confidence(right: list[bool]) -> None:
    with pytest.raises(ValueError, match=rf"there are 0 confidences for {len(right)} outputs; give one for each"):
        expected_calibration_error([], right)
