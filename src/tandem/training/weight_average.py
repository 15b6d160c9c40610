"""An exponential moving average of a model's weights, which is often better than the weights of any single step."""

import copy

import torch

from tandem.models import Seq2Seq


class WeightAverage:
    """The average of a model's weights over the last optimiser steps (Polyak & Juditsky 1992), as a model of its own.

    After step t, counted from 1, average = d average + (1 - d) weights, with d = min(decay, (1 + t) / (10 + t)). A
    plain `decay` would hold on to the initial weights for some 1 / (1 - decay) steps, which a short training may not
    have; with the second term the average covers at first about the last tenth of all steps.
    """

    def __init__(self, model: Seq2Seq, decay: float) -> None:
        """Begin with the weights that the model has. A shared weight is shared in the average, too."""
        self.model = copy.deepcopy(model).eval()
        self._decay = decay
        self._weights: list[torch.Tensor] = list(model.parameters())
        self._averages: list[torch.Tensor] = list(self.model.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimiser step `step`."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._weights, 1 - decay)
