"""Several steppers as one, their predictions averaged at every step.

The paper decodes with ensembles of models that differ in their initialisation and in the order of their batches
(Sutskever, Vinyals & Le 2014, arXiv 1409.3215, section 3.6), and does not say how it averages. Letters: `N` rows of a
step, `V` vocabulary.
"""

import math
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeAlias

import torch
from torch import Tensor

from tandem.search.normaliser import log_normaliser
from tandem.search.stepper import S, Step, Stepper

_SLICE = 2**17
"""Logits of one member that are averaged at one time: few enough for those of all to stay in the cache."""

Average: TypeAlias = Callable[[Sequence[Tensor], Sequence[Tensor]], tuple[Tensor, Tensor]]
"""The members' logits, `[N, V]` each, and their log-normalisers, `[N]` each -> those of the average."""


def arithmetic_mean(logits: Sequence[Tensor], log_normalisers: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The mean of the members' probabilities: what one of them finds likely stays so."""
    mean = torch.empty_like(logits[0])
    height = max(1, _SLICE // mean.shape[1])
    for start in range(0, len(mean), height):
        rows = slice(start, start + height)
        members, normalisers = ([each[rows] for each in part] for part in (logits, log_normalisers))
        _log_of_sum(members, normalisers, mean[rows])
    return mean, torch.full_like(log_normalisers[0], math.log(len(logits)))


def _log_of_sum(logits: Sequence[Tensor], log_normalisers: Sequence[Tensor], out: Tensor) -> None:
    """Put the logarithm of the sum of the members' probabilities into `out`, `[N, V]`."""
    if out.device.type == "cpu":  # elsewhere asking for the smallest would make the host wait
        torch.softmax(logits[0], dim=1, out=out)
        for member in logits[1:]:
            out += member.softmax(dim=1)
        out.log_()
        if float(out.amin()) > -torch.inf:
            return
    # Summed as logarithms: some probabilities are too small for a float.
    torch.sub(logits[0], log_normalisers[0][:, None], out=out)
    for member, normaliser in zip(logits[1:], log_normalisers[1:], strict=True):
        torch.logaddexp(out, member - normaliser[:, None], out=out)


def geometric_mean(logits: Sequence[Tensor], _: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The geometric mean of the members' probabilities, normalised: what one of them finds unlikely stays so."""
    mean = logits[0] + logits[1] if len(logits) > 1 else logits[0].clone()
    for member in logits[2:]:
        mean += member
    mean /= len(logits)  # a normaliser is the same for all tokens: the members' fall out
    return mean, log_normaliser(mean)


class EnsembleState(NamedTuple, Generic[S]):
    """The states of all members, N rows each."""

    members: tuple[S, ...]

    def select(self, rows: Tensor) -> "EnsembleState[S]":
        """Repeat, reorder or drop rows, the same of every member."""
        return EnsembleState(tuple(state.select(rows) for state in self.members))


class EnsembleStepper(Generic[S]):
    """A stepper of which each step is the average of its members' steps. ValueError without a member."""

    def __init__(self, members: Sequence[Stepper[S]], average: Average) -> None:
        if not members:
            raise ValueError("an ensemble needs a member: give one stepper at least")
        self._members = tuple(members)
        self._average = average

    def start(self, source: Tensor, lengths: Tensor) -> EnsembleState[S]:
        """Have every member read the sources, `[S, B]` with lengths `[B]`."""
        return EnsembleState(tuple(member.start(source, lengths) for member in self._members))

    def step(self, tokens: Tensor, state: EnsembleState[S]) -> Step[EnsembleState[S]]:
        """Feed `tokens [N]` to every member, and average what they predict."""
        steps = [member.step(tokens, own) for member, own in zip(self._members, state.members, strict=True)]
        logits, normaliser = self._average([step.logits for step in steps], [step.log_normaliser for step in steps])
        return Step(logits, normaliser, EnsembleState(tuple(step.state for step in steps)))
