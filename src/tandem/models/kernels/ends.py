"""Where each sentence of a batch ends, for layers that run over all of them together."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Ends:
    """The last step of each row of a batch: picks final states, and says where their gradients come in."""

    def __init__(self, steps: int, last: Tensor | None = None) -> None:
        """`last [B]`, on the CPU: the index of each row's last step; None: the last of all for every row."""
        self.steps = steps
        self._last = last

    def pick(self, states: Tensor) -> Tensor:
        """(T, B, H) -> (B, H): each row's state after its last step."""
        if self._last is None:
            return states[-1].clone()
        last = self._last.to(states.device)
        return states[last, torch.arange(len(last), device=states.device)]

    def rows(self, device: torch.device) -> Mapping[int, Tensor | slice]:
        """The rows that end at each step; steps without any are left out."""
        if self._last is None:
            return {self.steps - 1: slice(None)}
        return {t: (self._last == t).nonzero().squeeze(1).to(device) for t in sorted(set(self._last.tolist()))}
