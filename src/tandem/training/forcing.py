"""Teacher forcing: how often the decoder reads the true token, and how that changes over a training."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

ForcingSchedule: TypeAlias = Literal["constant", "linear", "exponential", "inverse-sigmoid"]


@dataclass(frozen=True)
class TeacherForcing:
    """The teacher forcing ratio at every step of a training (scheduled sampling, Bengio et al. 2015, section 2.4).

    The schedules, with i the number of completed optimiser steps and p = i / all steps of the training:

    - constant: `start`;
    - linear: start + (end - start) p;
    - exponential: max(end, start k^i), k < 1;
    - inverse-sigmoid: max(end, start k / (k + exp(i / k))), k >= 1.
    """

    schedule: ForcingSchedule = "constant"
    start: float = 1.0
    end: float = 0.0
    k: float | None = None
    """The paper's k; only for the exponential and the inverse sigmoid schedule."""
    by_token: bool = False
    """Whether each sentence has its own coin at each step (as in the paper) or the batch shares it (the tutorial)."""

    def __post_init__(self) -> None:
        """ValueError where ratios lie outside 0..1 or k does not fit the schedule."""
        for name, ratio in (("start", self.start), ("end", self.end)):
            if not 0 <= ratio <= 1:
                raise ValueError(f"the teacher forcing ratio '{name}' is {ratio}; it must lie between 0 and 1")
        needs_k = self.schedule in {"exponential", "inverse-sigmoid"}
        if needs_k != (self.k is not None):
            raise ValueError(f"the schedule {self.schedule} {'needs' if needs_k else 'takes no'} k; k is {self.k}")
        if self.k is not None and (not 0 < self.k < 1 if self.schedule == "exponential" else self.k < 1):
            rule = "between 0 and 1" if self.schedule == "exponential" else "1 or more"
            raise ValueError(f"k is {self.k}; for the schedule {self.schedule} it must be {rule}")

    def ratio(self, step: int, total_steps: int) -> float:
        """Return the probability of the true token after `step` of `total_steps` optimiser steps."""
        if self.schedule == "constant":
            return self.start
        if self.schedule == "linear":
            return self.start + (self.end - self.start) * min(1.0, step / total_steps)
        assert self.k is not None
        if self.schedule == "exponential":
            return max(self.end, self.start * self.k**step)
        # k / (k + exp(i / k)), written so that a large i cannot overflow
        return max(self.end, self.start / (1 + math.exp(min(step / self.k - math.log(self.k), 700.0))))
