"""The learning rate's factor: warm-up, decay, the paper's halving, plateaus."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.names import LearningRateSchedule
from tandem.training import Schedule

TOTAL, EPOCH = 400, 40
NAMES: tuple[LearningRateSchedule, ...] = get_args(LearningRateSchedule)
each_name = pytest.mark.parametrize("name", NAMES)


def rates(schedule: Schedule, total: int = TOTAL, history: tuple[float, ...] = ()) -> list[float]:
    """The factors of steps 1 to `total`; `rates(...)[n - 1]` is step n's."""
    return [schedule.rate(step, total, EPOCH, history) for step in range(1, total + 1)]


def test_the_default_changes_nothing() -> None:
    assert rates(Schedule()) == [1.0] * TOTAL


@each_name
@given(warmup=st.integers(1, TOTAL))
def test_every_schedule_may_warm_up_in_a_straight_line(name: LearningRateSchedule, warmup: int) -> None:
    factors = rates(Schedule(name, warmup_steps=warmup, halve_after=TOTAL))
    assert factors[:warmup] == pytest.approx([step / warmup for step in range(1, warmup + 1)])


@each_name
@pytest.mark.parametrize("warmup", [0, 1, 60])
def test_after_the_warm_up_factors_never_rise_and_never_leave_0_to_1(name: LearningRateSchedule, warmup: int) -> None:
    factors = rates(Schedule(name, warmup_steps=warmup))
    after = factors[max(warmup - 1, 0) :]
    assert after[0] == pytest.approx(1, rel=1 / TOTAL)
    assert after == sorted(after, reverse=True)
    assert all(0 < factor <= 1 for factor in factors)


@pytest.mark.parametrize(
    ("warmup", "decay_from", "begins"), [(0, 0.5, 200), (60, 0.5, 200), (60, 0.0, 60), (0, 1.0, 400)]
)
def test_linear_stays_at_1_and_then_falls_straight_to_0_after_the_last_step(
    warmup: int, decay_from: float, begins: int
) -> None:
    schedule = Schedule("linear", warmup, decay_from)
    factors = [*rates(schedule), schedule.rate(TOTAL + 1, TOTAL, EPOCH, ())]
    assert factors[begins - 1] == 1.0
    assert all(factor == 1.0 for factor in factors[max(warmup - 1, 0) : begins])
    falls = [before - after for before, after in zip(factors[begins - 1 :], factors[begins:], strict=False)]
    assert falls == pytest.approx([1 / (TOTAL + 1 - begins)] * len(falls))
    assert factors[-1] == 0.0


@pytest.mark.parametrize("step", [TOTAL + 2, 100 * TOTAL])
def test_linear_stays_at_0_beyond_the_end(step: int) -> None:
    assert Schedule("linear").rate(step, TOTAL, EPOCH, ()) == 0.0


def test_inverse_sqrt_is_the_papers() -> None:
    """Vaswani et al. 2017, section 5.3: min(step^-0.5, step * warmup^-1.5), here 1 at its highest."""
    warmup = 50
    expected = [min(step**-0.5, step * warmup**-1.5) * math.sqrt(warmup) for step in range(1, TOTAL + 1)]
    assert rates(Schedule("inverse-sqrt", warmup)) == pytest.approx(expected)
    assert Schedule("inverse-sqrt", 0).rate(16, TOTAL, EPOCH, ()) == 0.25


def test_halving_is_the_papers() -> None:
    """Sutskever et al. 2014, section 3.4: after 5 epochs halved every half epoch, 7.5 epochs in all."""
    epochs = [sum(rates(Schedule("halving"), 300)[start : start + 20]) / 20 for start in range(0, 300, 20)]
    assert epochs == [1.0] * 10 + [0.5, 0.25, 0.125, 0.0625, 0.03125]
    factors = rates(Schedule("halving"), 300)
    assert (factors[199], factors[200], factors[219], factors[220]) == (1.0, 0.5, 0.5, 0.25)


def test_halving_may_begin_and_go_on_at_other_points() -> None:
    factors = rates(Schedule("halving", halve_after=1, halve_every=2), 240)
    assert factors == [1.0] * 40 + [0.5] * 80 + [0.25] * 80 + [0.125] * 40


@pytest.mark.parametrize(
    ("history", "patience", "plateaus"),
    [
        ([], 2, 0),
        ([3.0, 2.0, 1.0], 1, 0),
        ([1.0, 1.1], 2, 0),
        ([1.0, 1.1, 1.2], 2, 1),
        ([1.0, 1.0, 1.0], 2, 1),  # as good as the best is no better
        ([1.0, 1.1, 0.9, 1.1, 1.2], 2, 1),  # a better one in between starts the count anew
        ([1.0, 1.1, 1.2, 1.3], 2, 1),
        ([1.0, 1.1, 1.2, 1.3, 1.4], 2, 2),
        ([1.0, 1.1, 1.2, 0.5, 0.6, 0.7], 2, 2),
        ([1.0, 2.0, 1.5, 1.2], 3, 1),  # better than the last, but not than the best
        ([1.0, 1.1, 1.2, 1.3], 1, 3),
    ],
)
def test_plateau_counts_the_validations_that_were_no_better(history: list[float], patience: int, plateaus: int) -> None:
    schedule = Schedule("plateau", factor=0.3, patience=patience)
    assert schedule.rate(7, TOTAL, EPOCH, history) == pytest.approx(0.3**plateaus)


@each_name
def test_validations_matter_to_plateau_alone(name: LearningRateSchedule) -> None:
    bad = (1.0, 2.0, 3.0, 4.0, 5.0)
    assert (rates(Schedule(name)) != rates(Schedule(name), history=bad)) == (name == "plateau")
