"""Where a model's weights are."""

from dataclasses import dataclass

from torch import nn

from tandem.models.seq2seq import Seq2Seq


@dataclass(frozen=True)
class ParameterCounts:
    """How many weights each part of a model has, biases counted, a shared one once (as Sutskever et al. 2014, 3.4)."""

    source_embedding: int
    target_embedding: int
    encoder: int
    """The encoder's recurrent layers."""
    decoder: int
    """The decoder's recurrent layers."""
    output: int
    """The output layer; of a tied one what it does not share with the target embedding."""

    @property
    def recurrent(self) -> int:
        """The recurrent layers of both sides."""
        return self.encoder + self.decoder

    @property
    def total(self) -> int:
        """All of them."""
        return self.source_embedding + self.target_embedding + self.recurrent + self.output


def count_parameters(model: Seq2Seq) -> ParameterCounts:
    """Where the weights of a model are."""
    encoder, decoder = model.encoder, model.decoder
    target, layers = _count(decoder.embedding), _count(decoder.rnn)
    output = _count(decoder) - target - layers
    return ParameterCounts(_count(encoder.embedding), target, _count(encoder.rnn), layers, output)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
