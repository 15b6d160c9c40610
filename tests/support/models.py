"""Small models for the tests."""

import torch
from torch import Tensor

from tandem.models import CellType, Decoder, Encoder, Seq2Seq
from tandem.models.cells import CELLS
from tandem.names import AttentionKind
from tandem.text import EOS_ID, SOS_ID

CELL_TYPES: tuple[CellType, ...] = tuple(CELLS)


def small_model(
    cell_type: CellType = "lstm",
    *,
    source: int = 13,
    target: int = 12,
    emb: int = 6,
    hid: int = 10,
    layers: int = 2,
    dropout: float = 0.0,
    tie_output: bool = False,
    output_dropout: float = 0.0,
    word_dropout: float = 0.0,
    attention: AttentionKind | None = None,
    seed: int = 3,
) -> Seq2Seq:
    """Weights are drawn widely, so that predictions are far apart and differences show."""
    torch.manual_seed(seed)
    encoder = Encoder(source, emb, hid, layers, dropout, cell_type=cell_type, word_dropout=word_dropout, init_range=0.6)
    decoder = Decoder(
        target,
        emb,
        hid,
        layers,
        dropout,
        cell_type=cell_type,
        tie_output=tie_output,
        output_dropout=output_dropout,
        word_dropout=word_dropout,
        init_range=0.6,
        attention=attention,
        memory_dim=encoder.output_dim,
    )
    return Seq2Seq(encoder, decoder, "cpu")


def random_ids(steps: int, batch: int, vocabulary: int, *, seed: int = 0) -> Tensor:
    """Columns of `<sos>`, words and `<eos>`, all of the same length."""
    words = torch.randint(4, vocabulary, (steps, batch), generator=torch.Generator().manual_seed(seed))
    words[0], words[-1] = SOS_ID, EOS_ID
    return words
