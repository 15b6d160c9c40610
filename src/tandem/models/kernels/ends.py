"""The last step of each sentence of a batch, for layers that run over the whole batch."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Ends:
    """The last step of each row of a batch: its state there is final, and the gradient of that state enters there."""

    def __init__(self, steps: int, last: Tensor | None = None) -> None:
        """`last [B]`, on the CPU, is each row's last step, counted from 0; None if every row has all steps."""
        self.steps = steps
        self.last = last

    def pick(self, states: Tensor) -> Tensor:
        """Return each row's state after its last step: `states [T, B, H]` -> `[B, H]`."""
        if self.last is None:
            return states[-1].clone()
        last = self.last.to(states.device)
        return states[last, torch.arange(len(last), device=states.device)]

    def rows(self, device: torch.device) -> Mapping[int, Tensor | slice]:
        """Return the rows that end at each step. Steps at which no row ends are left out."""
        if self.last is None:
            return {self.steps - 1: slice(None)}
        return {t: (self.last == t).nonzero().squeeze(1).to(device) for t in sorted(set(self.last.tolist()))}
