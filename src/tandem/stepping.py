"""A model as a search sees it: a stepper over prepared weights."""

import torch
from torch import Tensor

from tandem.models import RecurrentState, Seq2Seq
from tandem.models.decoder import PreparedDecoder
from tandem.models.encoder import PreparedEncoder
from tandem.models.prefixes import PrefixTree
from tandem.search import Step

_SLICE = 2**19
"""Logits whose log-softmax is taken at one time: few enough to stay in the cache."""


class ModelStepper:
    """Scores next tokens with a model; immutable, so that any number of searches may share one."""

    def __init__(self, model: Seq2Seq, dtype: torch.dtype) -> None:
        """Matrix products run in `dtype`; the state and the probabilities keep the model's own type."""
        self._encoder: PreparedEncoder = model.encoder.prepare(dtype)
        self._decoder: PreparedDecoder = model.decoder.prepare(dtype, tabulate=True)
        self._type = model.decoder.fc_out.bias.dtype

    @property
    def vocabulary(self) -> int:
        """How many tokens there are to choose from."""
        return self._decoder.output.rows

    def start(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """Encode `source [S, B]`, of `lengths [B]`, into a state of B rows."""
        return self._encoder.read(source, lengths)

    def read(self, tree: PrefixTree, state: RecurrentState) -> Tensor:
        """What the output layer reads at all P beginnings of a tree that continues the rows of `state`, [P, D]."""
        return self._decoder.read(tree, state)

    def logits(self, features: Tensor) -> Tensor:
        """Of what follows, at `features [N, D]`: [N, V]."""
        return self._decoder.logits(features).to(self._type)

    def step(self, tokens: Tensor, state: RecurrentState) -> Step[RecurrentState]:
        """Score what follows `tokens [N]`: logits [N, V], their log-normaliser [N], and the new state."""
        features, state = self._decoder.step(tokens, state)
        logits = self.logits(features)
        return Step(logits, log_normaliser(logits), state)


def log_normaliser(logits: Tensor) -> Tensor:
    """The logarithm of the sum of each row's exponentials, `[N, V]` -> `[N]`."""
    slices = torch.split(logits, max(1, _SLICE // logits.shape[1]))
    # Any column tells it; torch computes a row's log-softmax faster than its logsumexp.
    return torch.cat([part.select(1, 0) - part.log_softmax(dim=1).select(1, 0) for part in slices])
