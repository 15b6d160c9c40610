"""Means over several optimiser steps, so that a record a step need not be kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.training.events import StepDone


@dataclass(frozen=True)
class StepMeans:
    """Several optimiser steps in a row, each counted alike."""

    last: StepDone
    """The last of these steps, for what is not a mean."""
    steps: int
    loss: float
    tokens_per_second: float
    gradient_norm: float


class StepWindow:
    """Collects optimiser steps until there are `size` of them."""

    def __init__(self, size: int, held: Sequence[StepDone] = ()) -> None:
        """`held`: steps that an earlier window had collected. Raise ValueError for a size below 1."""
        if size < 1:
            raise ValueError(f"A record must cover at least 1 step, not {size}.")
        self._size = size
        self._steps = list(held)

    @property
    def held(self) -> tuple[StepDone, ...]:
        """The steps collected so far."""
        return tuple(self._steps)

    def add(self, step: StepDone) -> StepMeans | None:
        """Return the means when this step completes the window, else None."""
        self._steps.append(step)
        return self.flush() if len(self._steps) == self._size else None

    def flush(self) -> StepMeans | None:
        """Return the means over the steps held and forget these, or None when none is held."""
        steps, self._steps = self._steps, []
        if not steps:
            return None
        return StepMeans(
            last=steps[-1],
            steps=len(steps),
            loss=sum(step.loss for step in steps) / len(steps),
            tokens_per_second=sum(step.tokens_per_second for step in steps) / len(steps),
            gradient_norm=sum(step.gradient_norm for step in steps) / len(steps),
        )
