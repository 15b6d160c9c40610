"""How the learning rate changes over a training: a factor for every step, as a pure function."""

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.names import LearningRateSchedule


def count_steps(epochs: float, steps_per_epoch: int) -> int:
    """Return the number of optimiser steps in a number of epochs, the last of which may be partial; at least 1."""
    return max(1, round(epochs * steps_per_epoch))


@dataclass(frozen=True)
class Schedule:
    """The factor of the learning rate at each step; every schedule may begin with a linear warm-up.

    - constant: 1;
    - linear: 1 until the share `decay_from` of all steps, then straight down to 0 at the end;
    - inverse-sqrt: sqrt(warmup / step) after the warm-up (Vaswani et al. 2017, section 5.3);
    - halving: 1 until `halve_after` epochs, then halved every `halve_every` epochs (Sutskever et al. 2014, 3.4);
    - plateau: multiplied by `factor` each time `patience` validations in a row were no better than the best.
    """

    name: LearningRateSchedule = "constant"
    warmup_steps: int = 0
    decay_from: float = 0.0
    halve_after: float = 5.0
    halve_every: float = 0.5
    factor: float = 0.5
    patience: int = 2

    def rate(self, step: int, total_steps: int, steps_per_epoch: int, history: Sequence[float]) -> float:
        """Return the factor at optimiser step `step` (from 1); `history` holds the validations, lower is better."""
        if step < self.warmup_steps:
            return step / self.warmup_steps
        if self.name == "linear":
            start = max(self.decay_from * total_steps, self.warmup_steps)
            return min(1.0, max(0.0, (total_steps - step + 1) / (total_steps - start + 1)))
        if self.name == "inverse-sqrt":
            return float((max(self.warmup_steps, 1) / max(step, 1)) ** 0.5)
        if self.name == "halving":
            epochs = (step - 1) / steps_per_epoch
            return 1.0 if epochs < self.halve_after else 0.5 ** (1 + (epochs - self.halve_after) // self.halve_every)
        if self.name == "plateau":
            return float(self.factor ** self._plateaus(history))
        return 1.0

    def _plateaus(self, history: Sequence[float]) -> int:
        best, since, plateaus = float("inf"), 0, 0
        for value in history:
            best, since = (value, 0) if value < best else (best, since + 1)
            if since == self.patience:
                plateaus, since = plateaus + 1, 0
        return plateaus
