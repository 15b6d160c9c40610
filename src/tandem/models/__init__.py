"""Encoder-decoder models: tensors in, tensors out."""

from tandem.models.decoder import Decoder
from tandem.models.encoder import Encoder
from tandem.models.features_encoder import FeaturesEncoder
from tandem.models.parameters import ParameterCounts, count_parameters
from tandem.models.seq2seq import Seq2Seq, needs_bridge
from tandem.models.state import RecurrentState
from tandem.names import CellType

__all__ = [
    "CellType",
    "Decoder",
    "Encoder",
    "FeaturesEncoder",
    "ParameterCounts",
    "RecurrentState",
    "Seq2Seq",
    "count_parameters",
    "needs_bridge",
]
