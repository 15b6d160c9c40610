"""The log-normaliser of logits, a piece at a time."""

import torch
from torch import Tensor

_SLICE = 2**19
"""Logits whose log-softmax is taken at one time: few enough to stay in the cache."""


def log_normaliser(logits: Tensor) -> Tensor:
    """The logarithm of the sum of each row's exponentials, `[N, V]` -> `[N]`."""
    slices = torch.split(logits, max(1, _SLICE // logits.shape[1]))
    # Any column tells it; torch computes a row's log-softmax faster than its logsumexp.
    return torch.cat([part.select(1, 0) - part.log_softmax(dim=1).select(1, 0) for part in slices])
