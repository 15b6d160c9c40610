import math

import pytest

from tandem.recording.progress import TrainingProgress
from tandem.recording.wording import duration
from tandem.training.events import Started, StepDone, Validated, Validation


class Simulation:
    """A training whose every step and validation takes a known time."""

    def __init__(self, epochs: float, steps_per_epoch: int, first_step: int = 0, first_epoch: int = 0) -> None:
        self.now = 0.0
        self.progress = TrainingProgress(lambda: self.now)
        self.progress.follow(Started(epochs, steps_per_epoch, 1, first_step, first_epoch))
        self.steps_per_epoch = steps_per_epoch
        self.done = first_step

    def steps(self, count: int, loss: float = 1.0) -> None:
        for _ in range(count):
            self.now += 2
            epoch = self.done // self.steps_per_epoch + 1
            self.done += 1
            self.progress.follow(StepDone(epoch, self.done, loss, 100.0, 0.1, 1.0, 0.5))

    def validate(self) -> None:
        self.now += 30
        epoch = -(-self.done // self.steps_per_epoch)
        self.progress.follow(Validated(epoch, self.done, 1.0, Validation(1.0), True, 1.0))


def test_the_time_left_is_exact_when_every_step_takes_the_same() -> None:
    run = Simulation(epochs=3, steps_per_epoch=10)
    assert run.progress.epoch_seconds_left() is None
    assert run.progress.run_seconds_left() is None
    run.steps(4)
    assert run.progress.epoch_seconds_left() == pytest.approx(12)
    run.steps(6)
    run.validate()
    assert run.progress.run_seconds_left() == pytest.approx(2 * (20 + 30))
    run.steps(5)
    assert run.progress.epoch_seconds_left() == pytest.approx(10)
    assert run.progress.run_seconds_left() == pytest.approx(10 + 30 + 20 + 30)
    run.now += 1
    assert run.progress.epoch_seconds_left() == pytest.approx(9)
    run.steps(5)
    run.validate()
    run.steps(10)
    run.validate()
    assert run.progress.run_seconds_left() == 0


def test_a_part_of_an_epoch_at_the_end_is_as_long_as_it_is() -> None:
    run = Simulation(epochs=1.5, steps_per_epoch=10)
    assert run.progress.epochs == 2
    run.steps(10)
    run.validate()
    run.steps(2)
    assert (run.progress.step_in_epoch, run.progress.steps_of_epoch) == (2, 5)
    assert run.progress.epoch_seconds_left() == pytest.approx(6)
    assert run.progress.run_seconds_left() == pytest.approx(6 + 30)
    run.steps(3)
    validating = [run.progress.validating]
    run.validate()
    assert [*validating, run.progress.validating] == [True, False]
    assert run.progress.run_seconds_left() == 0


def test_a_resumed_run_knows_its_place() -> None:
    run = Simulation(epochs=3, steps_per_epoch=10, first_step=14, first_epoch=1)
    assert (run.progress.epoch, run.progress.step_in_epoch) == (2, 4)
    run.steps(1)
    assert run.progress.epoch_seconds_left() == pytest.approx(10)
    assert run.progress.run_seconds_left() == pytest.approx(30)


def test_between_the_last_step_and_the_validation_it_is_validating() -> None:
    run = Simulation(epochs=2, steps_per_epoch=3)
    seen = []
    for _ in range(3):
        seen.append(run.progress.validating)
        run.steps(1)
    assert seen == [False] * 3
    assert run.progress.validating
    run.validate()
    assert not run.progress.validating


def test_a_run_that_was_stopped_before_a_validation_goes_on_with_it() -> None:
    run = Simulation(epochs=3, steps_per_epoch=10, first_step=20, first_epoch=1)
    assert (run.progress.epoch, run.progress.step_in_epoch, run.progress.validating) == (2, 10, True)
    run.validate()
    assert not run.progress.validating


def test_the_smoothed_loss_starts_plain_and_forgets_slowly() -> None:
    run = Simulation(epochs=1, steps_per_epoch=2000)
    assert math.isnan(run.progress.loss)
    run.steps(1, loss=8.0)
    assert run.progress.loss == 8
    run.steps(1, loss=4.0)
    assert run.progress.loss == pytest.approx(6)
    run.steps(1, loss=math.nan)
    assert run.progress.loss == pytest.approx(6)
    run.steps(1000, loss=1.0)
    assert run.progress.loss == pytest.approx(1)


def test_durations_are_worded_for_people() -> None:
    seconds = [0.4, 59.6, 754, 10921, None, math.inf]
    assert [duration(value) for value in seconds] == ["0:00", "1:00", "12:34", "3:02:01", "-", "-"]
