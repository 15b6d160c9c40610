"""The mean of several models' predictions, token by token.

The paper decodes with ensembles of models that differ in their initialisation and in the order of their batches
(Sutskever, Vinyals & Le 2014, arXiv 1409.3215, section 3.6), and does not say how it averages. Letters: `N` rows of a
step, `V` vocabulary.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias, get_args

import torch
from torch import Tensor

from tandem.names import Averaging

_SLICE_OF_MEMBER = 2**17
"""The number of one member's logits that are averaged at a time, so that those of all members stay in the cache."""
_SLICE = 2**19
"""The number of logits whose log-softmax is computed at a time, so that they stay in the cache."""

Average: TypeAlias = Callable[[Sequence[Tensor]], tuple[Tensor, Tensor]]
"""The members' logits, `[N, V]` each -> the logits of their mean `[N, V]` and its log-normalisers `[N]`."""


def log_normaliser(logits: Tensor) -> Tensor:
    """Return the logarithm of the sum of each row's exponentials: `[N, V]` -> `[N]`."""
    height = max(1, _SLICE // logits.shape[1])
    # logit - log_softmax(logit) is the normaliser, whatever the column. log_softmax is faster than logsumexp in torch.
    slices = [logits] if len(logits) <= height else torch.split(logits, height)
    parts = [part[:, 0] - part.log_softmax(dim=1)[:, 0] for part in slices]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def arithmetic_mean(logits: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Average the members' probabilities: a token that one member finds likely stays likely."""
    mean = torch.empty_like(logits[0])
    height = max(1, _SLICE_OF_MEMBER // mean.shape[1])
    for start in range(0, len(mean), height):
        rows = slice(start, start + height)
        _log_of_sum([member[rows] for member in logits], mean[rows])
    return mean, torch.full_like(mean[:, 0], math.log(len(logits)))


def _log_of_sum(logits: Sequence[Tensor], out: Tensor) -> None:
    """Write the logarithm of the sum of the members' probabilities into `out`, `[N, V]`."""
    if out.device.type == "cpu":  # on a GPU, reading the smallest value would make the host wait
        torch.softmax(logits[0], dim=1, out=out)
        for member in logits[1:]:
            out += member.softmax(dim=1)
        out.log_()
        if float(out.amin()) > -torch.inf:
            return
    # A sum of probabilities underflowed to 0, whose logarithm is minus infinity: add the logarithms instead.
    torch.log_softmax(logits[0], dim=1, out=out)
    for member in logits[1:]:
        torch.logaddexp(out, member.log_softmax(dim=1), out=out)


def geometric_mean(logits: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Average the members' log-probabilities and normalise: a token that one member finds unlikely stays unlikely."""
    mean = logits[0] + logits[1] if len(logits) > 1 else logits[0].clone()
    for member in logits[2:]:
        mean += member
    mean /= len(logits)  # a member's normaliser is the same for all tokens, so it cancels out
    return mean, log_normaliser(mean)


_AVERAGES: dict[Averaging, Average] = {"arithmetic": arithmetic_mean, "geometric": geometric_mean}


def average_by_name(averaging: Averaging) -> Average:
    """Return the mean of that name. Raise ValueError for an unknown name."""
    if averaging not in _AVERAGES:
        raise ValueError(f"averaging is {averaging!r}, but it must be one of {', '.join(get_args(Averaging))}")
    return _AVERAGES[averaging]
