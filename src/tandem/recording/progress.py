"""How far a training has come and how long it will still take: the figures behind the live display."""

import math
from collections.abc import Callable

from tandem.training.events import Event, Started, StepDone, Validated

_MEMORY = 50  # About the number of steps that the smoothed loss and speed look back on


class TrainingProgress:
    """Follows the events of one training, and holds what is known as plain attributes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start the clock, which returns the seconds since some moment, such as `time.monotonic`."""
        self._clock = clock
        self._steps_here = 0
        self._step_seconds = 0.0
        self._validations_here = 0
        self._validation_seconds = 0.0
        self._validated_epochs = 0
        self._last_time = clock()
        self.epochs = 0
        self._total_steps = 0
        self.steps_per_epoch = 1
        self.epoch = 1
        self.step = 0
        self.loss = math.nan
        """The smoothed loss in nats per target token; NaN before the first step."""
        self.tokens_per_second = 0.0

    @property
    def step_in_epoch(self) -> int:
        """Optimiser steps done in this epoch."""
        return min(max(self.step - self._steps_before, 0), self.steps_of_epoch)

    @property
    def steps_of_epoch(self) -> int:
        """Optimiser steps that this epoch has: fewer than the others in a last epoch that is a fraction."""
        return min(self.steps_per_epoch, max(self._total_steps - self._steps_before, 1))

    @property
    def _steps_before(self) -> int:
        return (self.epoch - 1) * self.steps_per_epoch

    @property
    def validating(self) -> bool:
        """Whether the epoch's steps are done but its validation is not."""
        return self.step_in_epoch == self.steps_of_epoch and self._validated_epochs < self.epoch

    def follow(self, event: Event) -> None:
        """Take in an event, at the moment when it happens."""
        now = self._clock()
        elapsed, self._last_time = now - self._last_time, now
        match event:
            case Started():
                self.steps_per_epoch, self._total_steps = max(event.steps_per_epoch, 1), event.total_steps
                self.epochs = math.ceil(self._total_steps / self.steps_per_epoch)
                self.step = event.first_step
                self._validated_epochs = event.first_epoch
                self.epoch = min(self._validated_epochs + 1, max(self.epochs, 1))
            case StepDone():
                self.epoch, self.step = event.epoch, event.step
                self._steps_here += 1
                self._step_seconds += elapsed
                # The first steps are averaged plainly, so that no initial value is mixed in.
                weight = max(1 / self._steps_here, 1 / _MEMORY)
                self.loss = _moved(self.loss, event.loss, weight)
                self.tokens_per_second = _moved(self.tokens_per_second, event.tokens_per_second, weight)
            case Validated():
                self.epoch, self.step = event.epoch, event.step
                self._validated_epochs = event.epoch
                self._validations_here += 1
                self._validation_seconds += elapsed

    def epoch_seconds_left(self) -> float | None:
        """Return the seconds until the steps of this epoch are done, or None before the first step."""
        if self._steps_here == 0:
            return None
        steps = self.steps_of_epoch - self.step_in_epoch
        return max(steps * self._step_seconds / self._steps_here - self._since_last(), 0.0)

    def run_seconds_left(self) -> float | None:
        """Return the seconds until the last epoch is done and validated, or None before the first step."""
        if self._steps_here == 0:
            return None
        steps = max(self._total_steps - self.step, 0)
        validations = max(self.epochs - self._validated_epochs, 0)
        seconds = steps * self._step_seconds / self._steps_here
        if self._validations_here:
            seconds += validations * self._validation_seconds / self._validations_here
        return max(seconds - self._since_last(), 0.0)

    def _since_last(self) -> float:
        return self._clock() - self._last_time


def _moved(mean: float, value: float, weight: float) -> float:
    if not math.isfinite(value):
        return mean
    return value if not math.isfinite(mean) else mean + weight * (value - mean)
