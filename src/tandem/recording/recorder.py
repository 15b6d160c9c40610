"""What everything that listens to training events has in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from tandem.training.events import Event, StepDone


class Recorder(Protocol):
    """Listens to the events of a training."""

    def record(self, event: Event) -> None:
        """Take notice of one event; events come in the order in which they happened."""

    def close(self) -> None:
        """Write what is pending, and close files and the display; a second call does nothing."""


@dataclass(frozen=True)
class ResumePoint:
    """Where a run is resumed: later steps and epochs that are in a record will happen again."""

    epoch: int  # Epochs done and validated
    step: int  # Optimiser steps done
    pending_steps: tuple[StepDone, ...] = ()  # The last of these steps, which are in no record yet

    @property
    def recorded(self) -> int:
        """The last step that is in a record."""
        return self.step - len(self.pending_steps)


class StepMeans(NamedTuple):
    """Several optimiser steps in a row, each counted alike."""

    steps: int
    mean: StepDone  # The last of these steps, but with the mean loss, speed and gradient norm of all


class StepWindow:
    """Collects optimiser steps until there are `size` of them, so that not every step needs a record."""

    def __init__(self, size: int, pending_steps: Sequence[StepDone] = ()) -> None:
        """Begin with the steps that an earlier window had collected. ValueError for a size below 1."""
        if size < 1:
            raise ValueError(f"A record must cover at least 1 step, not {size}.")
        self._size = size
        self._steps = list(pending_steps)

    @property
    def pending_steps(self) -> tuple[StepDone, ...]:
        """The steps collected so far."""
        return tuple(self._steps)

    def add(self, step: StepDone) -> StepMeans | None:
        """Return the means when this step completes the window, else None."""
        self._steps.append(step)
        return self.flush() if len(self._steps) == self._size else None

    def flush(self) -> StepMeans | None:
        """Return the means over the collected steps and forget these, or None when there are none."""
        steps, self._steps = self._steps, []
        if not steps:
            return None
        mean = replace(
            steps[-1],
            loss=sum(step.loss for step in steps) / len(steps),
            tokens_per_second=sum(step.tokens_per_second for step in steps) / len(steps),
            gradient_norm=sum(step.gradient_norm for step in steps) / len(steps),
        )
        return StepMeans(len(steps), mean)
