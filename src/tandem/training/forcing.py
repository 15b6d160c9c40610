"""Teacher forcing: how often the decoder reads the true token, and how that changes over a training."""

import math
from dataclasses import dataclass

from tandem.names import ForcingSchedule, check_forcing


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
    k: float | None = None  # the paper's k; only for the exponential and the inverse sigmoid schedule
    by_token: bool = False
    """Whether each sentence has its own coin at each step (as in the paper) or the batch shares it (the tutorial)."""

    def __post_init__(self) -> None:
        """ValueError where ratios lie outside 0..1 or k does not fit the schedule."""
        for name, ratio in (("start", self.start), ("end", self.end)):
            if not 0 <= ratio <= 1:
                raise ValueError(f"the teacher forcing ratio '{name}' is {ratio}; it must lie between 0 and 1")
        check_forcing(self.schedule, self.k)

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
