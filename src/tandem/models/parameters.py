"""The number of parameters in each part of a model."""

from dataclasses import dataclass

from torch import nn

from tandem.models.features_encoder import FeaturesEncoder
from tandem.models.seq2seq import Seq2Seq


@dataclass(frozen=True)
class ParameterCounts:
    """The number of parameters in each part of a model.

    Biases count, and a shared weight counts once. The parts are those of Sutskever et al. 2014, section 3.4.
    """

    source_embedding: int
    """The embedding of source tokens."""
    target_embedding: int
    """The embedding of target tokens; 0 if both sides share that of the source."""
    encoder: int
    """The recurrent layers of the encoder."""
    decoder: int
    """The recurrent layers of the decoder."""
    output: int
    """The output layer, without the weight that it shares with the target embedding."""
    attention: int = 0
    """Attention, the gate of copying, and the bridge from the encoder's state to the decoder's."""
    features: int = 0
    """The embedding of features and the recurrent layers that read them."""

    @property
    def embeddings(self) -> dict[str, int]:
        """Return the number in each embedding, by a name to display."""
        if self.target_embedding:
            return {"source embedding": self.source_embedding, "target embedding": self.target_embedding}
        return {"embedding of both sides": self.source_embedding}

    @property
    def recurrent(self) -> int:
        """Return the number in the recurrent layers of both sides."""
        return self.encoder + self.decoder

    @property
    def total(self) -> int:
        """Return the number in all parts together."""
        embeddings = self.source_embedding + self.target_embedding
        return embeddings + self.recurrent + self.output + self.attention + self.features


def count_parameters(model: Seq2Seq) -> ParameterCounts:
    """Count the parameters of each part of a model."""
    encoder, decoder = model.encoder, model.decoder
    target, layers = _count(decoder.embedding), _count(decoder.rnn) + _count(decoder.upper)
    attention = _count(decoder.attention) + _count(decoder.copy_gate)
    output = _count(decoder) - target - layers - attention
    if decoder.embedding.weight is encoder.embedding.weight:
        target = 0
    source, attention = _count(encoder.embedding), attention + _count(model.bridge)
    features = _count(encoder.features) if isinstance(encoder, FeaturesEncoder) else 0
    return ParameterCounts(source, target, _count(encoder.rnn), layers, output, attention, features)


def _count(module: nn.Module | None) -> int:
    return 0 if module is None else sum(parameter.numel() for parameter in module.parameters())
