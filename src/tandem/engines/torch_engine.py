"""A model as a search sees it: a stepper over prepared weights."""

import torch
from torch import Tensor

from tandem.models import Seq2Seq
from tandem.models.decoder import DecoderState, PreparedDecoder
from tandem.models.encoder import PreparedEncoder
from tandem.models.prefixes import PrefixTree
from tandem.models.reversing import reversed_sources
from tandem.search import Step
from tandem.search.normaliser import log_normaliser


class ModelStepper:
    """Scores next tokens with a model; immutable, so that any number of searches may share one."""

    def __init__(self, model: Seq2Seq, dtype: torch.dtype, *, turned: bool = False) -> None:
        """Matrix products run in `dtype`; the state and the probabilities keep the model's own type.

        `turned`: the model reads sources from the other end than they are given.
        """
        self._turned = turned
        self._encoder: PreparedEncoder = model.encoder.prepare(dtype)
        self._decoder: PreparedDecoder = model.decoder.prepare(dtype, many_steps=True)
        self._type = model.decoder.fc_out.bias.dtype

    @property
    def vocabulary(self) -> int:
        """How many tokens there are to choose from."""
        return self._decoder.output.rows

    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """Encode `source [S, B]`, of `lengths [B]`, into a state of B rows."""
        source = reversed_sources(source, lengths) if self._turned else source
        return self._decoder.start(self._encoder.read(source, lengths))

    def read(self, tree: PrefixTree, state: DecoderState) -> Tensor:
        """What the output layer reads at all P beginnings of a tree that continues the rows of `state`, [P, D]."""
        return self._decoder.read(tree, state)

    def logits(self, features: Tensor) -> Tensor:
        """Of what follows, at `features [N, D]`: [N, V]."""
        return self._decoder.logits(features).to(self._type)

    def step(self, tokens: Tensor, state: DecoderState) -> Step[DecoderState]:
        """Score what follows `tokens [N]`: logits [N, V], their log-normaliser [N], and the new state."""
        features, state = self._decoder.step(tokens, state)
        logits = self.logits(features)
        return Step(logits, log_normaliser(logits), state)
