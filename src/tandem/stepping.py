"""A model as a search sees it: a stepper over prepared weights."""

import torch
from torch import Tensor

from tandem.models import RecurrentState, Seq2Seq
from tandem.models.decoder import PreparedDecoder
from tandem.models.encoder import PreparedEncoder
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

    def start(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """Encode `source [S, B]`, of `lengths [B]`, into a state of B rows."""
        return self._encoder.read(source, lengths)

    def step(self, tokens: Tensor, state: RecurrentState) -> Step[RecurrentState]:
        """Score what follows `tokens [N]`: logits [N, V], their log-normaliser [N], and the new state."""
        features, state = self._decoder.step(tokens, state)
        logits = self._decoder.logits(features).to(self._type)
        slices = torch.split(logits, max(1, _SLICE // logits.shape[1]))
        return Step(logits, torch.cat([_log_normaliser(part) for part in slices]), state)


def _log_normaliser(logits: Tensor) -> Tensor:
    """Of each row, `[N, V]` -> `[N]`."""
    # Any column tells it; torch computes a row's log-softmax faster than its logsumexp.
    return logits.select(1, 0) - logits.log_softmax(dim=1).select(1, 0)
