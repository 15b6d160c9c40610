"""The encoder: a recurrent network that reads the source into a context, its final state."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tandem.models.prefixes import prefix_tree
from tandem.models.recurrence import (
    CellType,
    PreparedEmbedding,
    PreparedLayer,
    draw_embedding_mask,
    draw_masks,
    new_rnn,
    prepare_layers,
    read,
    stack_weights,
    unroll,
    zero_state,
)
from tandem.models.state import RecurrentState


class PreparedEncoder(NamedTuple):
    """An encoder's weights converted and laid out once, to read many sources with. Holds no graph."""

    cell_type: CellType
    embedding: PreparedEmbedding
    layers: tuple[PreparedLayer, ...]
    start: RecurrentState
    """Of one row, [L, 1, H]: zeros in the type that states have; an LSTM's hidden state in that of products."""

    def read(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """As the encoder itself in eval mode: `source [S, B]`, `lengths [B]` -> a state of B rows.

        Sources that begin alike are read together until they differ, and none beyond its end.
        """
        _check_lengths(lengths, len(source))
        tree = prefix_tree(source, lengths)
        by_input = self.embedding(tree.tokens)
        return read(self.cell_type, self.layers, by_input, tree.levels, self.start, source.shape[1])


class Encoder(nn.Module):
    """Embedding, dropout, and a stack of recurrent layers; the tutorial's class.

    `Encoder(input_dim, emb_dim, hid_dim, n_layers, dropout)`: the source vocabulary's size, the embedding's, the
    hidden state's, the number of layers, and the share that dropout zeroes in the embedding and between layers.
    `cell_type` chooses the recurrence; weights start from U(-init_range, init_range) (Sutskever et al. 2014,
    section 3.4), or as torch has them when `init_range` is None. `word_dropout` is the share of tokens whose whole
    embedding is zeroed (Gal & Ghahramani 2016, section 4.2), where the tutorial drops none.
    """

    def __init__(
        self,
        input_dim: int,
        emb_dim: int,
        hid_dim: int,
        n_layers: int,
        dropout: float,
        *,
        cell_type: CellType = "lstm",
        word_dropout: float = 0.0,
        init_range: float | None = 0.08,
    ) -> None:
        super().__init__()
        self.hid_dim = hid_dim
        self.n_layers = n_layers
        self.cell_type: CellType = cell_type
        self.embedding = nn.Embedding(input_dim, emb_dim)
        self.rnn = new_rnn(cell_type, emb_dim, hid_dim, n_layers)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = nn.Dropout(word_dropout)
        initialise(self, init_range)

    def forward(self, src: Tensor, lengths: Tensor | None = None) -> RecurrentState:
        """Read `src [S, B]`, ids, into `(hidden, cell)`, each [L, B, H].

        With `lengths [B]` each sequence's state is that after its last token, whatever follows it; without them
        the padding is read too, as the tutorial's encoder does. ValueError for a length outside 1..S.
        """
        steps, batch = src.shape
        rate, word_rate = (self.dropout.p, self.word_dropout.p) if self.training else (0.0, 0.0)
        embedded = self.embedding(src)  # [S, B, E]
        mask = draw_embedding_mask((steps, batch, embedded.shape[2]), rate, word_rate, embedded)
        if mask is not None:
            embedded = embedded * mask
        masks = draw_masks(self.n_layers, (steps, batch, self.hid_dim), rate, embedded)
        layers = stack_weights(self.rnn)
        start = zero_state(self.cell_type, self.n_layers, batch, layers[0].weight_hh)
        if lengths is not None:
            _check_lengths(lengths, steps)
        last = None if lengths is None else lengths.cpu() - 1
        return unroll(self.cell_type, layers, embedded, start, masks, last)[1]

    def prepare(self, dtype: torch.dtype) -> PreparedEncoder:
        """Weights converted to `dtype` and laid out for many sources, without a graph."""
        start = zero_state(self.cell_type, self.n_layers, 1, stack_weights(self.rnn)[0].weight_hh.detach())
        if start.cell is not None:
            start = start._replace(hidden=start.hidden.to(dtype))
        layers = prepare_layers(self.cell_type, self.rnn, dtype)
        embedding = PreparedEmbedding(self.embedding, layers[0], tabulate=True)
        return PreparedEncoder(self.cell_type, embedding, layers, start)


def _check_lengths(lengths: Tensor, steps: int) -> None:
    if int(lengths.min()) < 1 or int(lengths.max()) > steps:
        raise ValueError(
            f"source lengths run from {int(lengths.min())} to {int(lengths.max())}; "
            f"each must be at least 1 and at most the {steps} rows of the source"
        )


def initialise(module: nn.Module, init_range: float | None) -> None:
    """Draw every parameter from U(-init_range, init_range); None leaves them as torch made them."""
    if init_range is not None:
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -init_range, init_range)
