"""Each schedule of teacher forcing is the formula of scheduled sampling (Bengio et al. 2015, section 2.4)."""

import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.names import ForcingSchedule
from tandem.training import TeacherForcing

TOTAL = 1000
shares = st.floats(0, 1)
steps = st.integers(0, TOTAL)

DECAYING = [
    TeacherForcing("linear", start=0.9, end=0.2),
    TeacherForcing("exponential", start=0.9, end=0.2, k=0.99),
    TeacherForcing("inverse-sigmoid", start=0.9, end=0.2, k=60.0),
]


def test_the_default_always_forces() -> None:
    assert TeacherForcing().ratio(0, TOTAL) == TeacherForcing().ratio(TOTAL, TOTAL) == 1.0


@given(shares, steps)
def test_constant_stays(start: float, step: int) -> None:
    assert TeacherForcing(start=start).ratio(step, TOTAL) == start


@given(shares, shares, steps)
def test_linear_goes_straight_from_start_to_end(one: float, other: float, step: int) -> None:
    end, start = sorted((one, other))
    forcing = TeacherForcing("linear", start, end)
    share = step / TOTAL
    assert forcing.ratio(step, TOTAL) == pytest.approx((1 - share) * start + share * end, abs=1e-12)
    assert forcing.ratio(0, TOTAL) == start
    assert forcing.ratio(2 * TOTAL, TOTAL) == pytest.approx(max(end, 2 * end - start))


@given(shares, st.floats(0.5, 0.9999), steps)
def test_exponential_is_the_papers(end: float, k: float, step: int) -> None:
    assert TeacherForcing("exponential", 1.0, end, k).ratio(step, TOTAL) == pytest.approx(max(end, k**step))


@given(shares, st.floats(2, 300), steps)
def test_inverse_sigmoid_is_the_papers(end: float, k: float, step: int) -> None:
    paper = k / (k + math.exp(step / k))
    assert TeacherForcing("inverse-sigmoid", 1.0, end, k).ratio(step, TOTAL) == pytest.approx(max(end, paper))


@pytest.mark.parametrize("schedule", ["exponential", "inverse-sigmoid"])
def test_the_papers_curves_are_scaled_to_the_start(schedule: ForcingSchedule) -> None:
    k = 0.99 if schedule == "exponential" else 50.0
    whole, half = (TeacherForcing(schedule, start, 0.0, k) for start in (1.0, 0.5))
    for step in (0, 10, 100):
        assert half.ratio(step, TOTAL) == pytest.approx(whole.ratio(step, TOTAL) / 2)


@pytest.mark.parametrize("forcing", DECAYING, ids=lambda f: f.schedule)
def test_ratios_fall_from_start_to_end_and_stay_there(forcing: TeacherForcing) -> None:
    ratios = [forcing.ratio(step, TOTAL) for step in range(TOTAL + 1)]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] == pytest.approx(0.9, rel=0.02)
    assert ratios[500] < ratios[0]
    assert ratios[-1] == pytest.approx(0.2)


@pytest.mark.parametrize("forcing", DECAYING, ids=lambda f: f.schedule)
@pytest.mark.parametrize("step", [10**6, 10**9, 10**15])
def test_huge_steps_do_not_overflow(forcing: TeacherForcing, step: int) -> None:
    assert forcing.ratio(step, step) == pytest.approx(0.2)


@pytest.mark.parametrize(("start", "end", "name"), [(1.2, 0.0, "start' is 1.2"), (1.0, -0.1, "end' is -0.1")])
def test_ratios_outside_0_to_1_are_refused(start: float, end: float, name: str) -> None:
    with pytest.raises(ValueError, match=f"the teacher forcing ratio '{name}; it must lie between 0 and 1"):
        TeacherForcing("linear", start, end)


@pytest.mark.parametrize(
    ("schedule", "k", "text"),
    [
        ("constant", 0.5, "the schedule constant takes no k; k is 0.5"),
        ("linear", 2.0, "the schedule linear takes no k; k is 2.0"),
        ("exponential", None, "the schedule exponential needs k; k is None"),
        ("inverse-sigmoid", None, "the schedule inverse-sigmoid needs k; k is None"),
        ("exponential", 1.0, "k is 1.0; for the schedule exponential it must be between 0 and 1"),
        ("exponential", 0.0, "k is 0.0; for the schedule exponential it must be between 0 and 1"),
        ("inverse-sigmoid", 0.9, "k is 0.9; for the schedule inverse-sigmoid it must be 1 or more"),
    ],
)
def test_a_k_that_does_not_fit_is_refused(schedule: ForcingSchedule, k: float | None, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        TeacherForcing(schedule, k=k)
    assert str(caught.value) == text


def test_it_is_a_value() -> None:
    forcing = TeacherForcing("linear", 0.9, 0.1)
    assert forcing == TeacherForcing("linear", 0.9, 0.1)
    with pytest.raises(FrozenInstanceError):
        forcing.start = 0.5  # type: ignore[misc]
