"""Tensors in, tensors out: the encoder, the decoder, and the two as one model."""

from tandem.models.decoder import Decoder
from tandem.models.encoder import Encoder
from tandem.models.parameters import ParameterCounts, count_parameters
from tandem.models.recurrence import CellType
from tandem.models.seq2seq import Seq2Seq
from tandem.models.state import RecurrentState

__all__ = ["CellType", "Decoder", "Encoder", "ParameterCounts", "RecurrentState", "Seq2Seq", "count_parameters"]
