"""The encoder: a recurrent network that reads the source into a context, its final state."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tandem.models.cells import find_cell
from tandem.models.embedding import Embedding
from tandem.models.initial_weights import initialise
from tandem.models.masks import draw_embedding_mask, draw_masks
from tandem.models.prefixes import prefix_tree
from tandem.models.prepared import PreparedEmbedding, PreparedStack, prepare_stack
from tandem.models.recurrence import stack_weights, unroll, unroll_both_ways, zero_state
from tandem.models.state import RecurrentState
from tandem.names import CellType


class PreparedEncoder(NamedTuple):
    """An encoder's weights, converted and laid out once to read many sources. Holds no graph."""

    embedding: PreparedEmbedding
    stack: PreparedStack
    start: RecurrentState
    """The state before the first token, of one row: `[L, 1, H]`."""

    def read(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """Read `source [S, B]`, of `lengths [B]`, into a state of B rows, as the encoder does in eval mode.

        Sources that begin alike are read together until they differ, and none is read beyond its end. ValueError for
        a length outside 1..S.
        """
        check_lengths(lengths, len(source))
        tree = prefix_tree(source, lengths)
        by_input = self.embedding(tree.tokens)
        return self.stack.final_states(by_input, tree.levels, self.start, source.shape[1])


class UnsharedEncoder(NamedTuple):
    """An encoder that reads sources from both ends: those that begin alike have nothing to share."""

    encoder: "Encoder"
    dtype: torch.dtype

    def read(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """Read `source [S, B]`, of `lengths [B]`, into a state of B rows, without a graph."""
        with torch.no_grad(), torch.autocast(source.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return self.encoder(source, lengths)  # type: ignore[no-any-return]


class Encoded(NamedTuple):
    """All that an encoder made of a batch of sources."""

    final: RecurrentState
    """The state of each source after its last token, `[L, B, H]`; with two directions `[2 L, B, H]`, forward first."""
    outputs: Tensor
    """The outputs of the last layer at all positions, `[S, B, H]` or `[S, B, 2 H]`; behind an end, anything."""


class Encoder(nn.Module):
    """Embedding, dropout, and a stack of recurrent layers: the tutorial's class.

    `Encoder(input_dim, emb_dim, hid_dim, n_layers, dropout)` takes the size of the source vocabulary, of the embedding
    and of the hidden state, the number of layers, and the share that dropout zeroes in the embedding and between
    layers. `cell_type` chooses the kind of layer. Weights start from U(-init_range, init_range) (Sutskever et al.
    2014, section 3.4), or as torch draws them when `init_range` is None. `word_dropout` is the share of tokens whose
    whole embedding is zeroed (Gal & Ghahramani 2016, section 4.2); the tutorial zeroes none. A `bidirectional` encoder
    reads the source from both ends, with `hid_dim` units in each direction (Schuster & Paliwal 1997). With
    `scale_embedding` the embedding is multiplied by sqrt(E) (see `Embedding`).
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
        bidirectional: bool = False,
        scale_embedding: bool = False,
    ) -> None:
        super().__init__()
        self.hid_dim = hid_dim
        self.n_layers = n_layers
        self.cell_type: CellType = cell_type
        self._cell = find_cell(cell_type)
        self.embedding = Embedding(input_dim, emb_dim, scaled=scale_embedding)
        self.bidirectional = bidirectional
        self.rnn = self._cell.new_parameters(emb_dim, hid_dim, n_layers, bidirectional=bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = nn.Dropout(word_dropout)
        initialise(self, init_range)

    @property
    def output_dim(self) -> int:
        """The size of an output: `hid_dim` for each direction."""
        return self.hid_dim * (2 if self.bidirectional else 1)

    @property
    def state_dim(self) -> int:
        """The size of what a layer's final state consists of: all that a bridge joins."""
        return self.output_dim

    def forward(self, src: Tensor, lengths: Tensor | None = None) -> RecurrentState:
        """Read `src [S, B]`, ids, into `(hidden, cell)`, each `[L, B, H]`, or `[2 L, B, H]` with two directions.

        With `lengths [B]` each sequence's state is the one after its last token, whatever follows it. Without them the
        padding is read too, as the tutorial's encoder does. ValueError for a length outside 1..S.
        """
        return self.read(src, lengths).final

    def read(self, src: Tensor, lengths: Tensor | None = None) -> Encoded:
        """Read `src [S, B]` as `forward` does, and return the outputs at all positions, too."""
        return self._read_embedded(self.embedding(src), lengths)

    def embed(self, src: Tensor) -> Tensor:
        """Return the embeddings of `src [S, B]`: `[S, B, E]`."""
        embedded: Tensor = self.embedding(src)
        return embedded

    def read_embedded(self, src: Tensor, embedded: Tensor, lengths: Tensor | None = None) -> Encoded:  # noqa: ARG002
        """Read `embedded [S, B, E]`, which `embed` made of `src`, as `read` does.

        This is for who asks what the embeddings of a source's tokens change.
        """
        return self._read_embedded(embedded, lengths)

    def _read_embedded(self, embedded: Tensor, lengths: Tensor | None) -> Encoded:
        steps, batch = embedded.shape[:2]
        rate, word_rate = (self.dropout.p, self.word_dropout.p) if self.training else (0.0, 0.0)
        mask = draw_embedding_mask((steps, batch, embedded.shape[2]), rate, word_rate, embedded)
        if mask is not None:
            embedded = embedded * mask
        masks = draw_masks(self.n_layers, (steps, batch, self.output_dim), rate, embedded)
        if lengths is not None:
            check_lengths(lengths, steps)
        last = None if lengths is None else lengths.cpu() - 1
        start = zero_state(self._cell, self.rnn, batch)
        run = unroll_both_ways if self.bidirectional else unroll
        outputs, final = run(self._cell, stack_weights(self.rnn), embedded, start, masks, last)
        return Encoded(final, outputs)

    def prepare(self, dtype: torch.dtype) -> PreparedEncoder | UnsharedEncoder:
        """Convert the weights to `dtype` and lay them out to read many sources, without a graph."""
        if self.bidirectional:
            return UnsharedEncoder(self, dtype)
        stack = prepare_stack(self._cell, self.rnn, dtype, single_rows=True)
        embedding = PreparedEmbedding(self.embedding, stack.layers[0], tabulate=True)
        return PreparedEncoder(embedding, stack, zero_state(self._cell, self.rnn, 1, dtype))


def check_lengths(lengths: Tensor, steps: int) -> None:
    """Raise ValueError for a length outside 1..S."""
    if int(lengths.min()) < 1 or int(lengths.max()) > steps:
        raise ValueError(
            f"source lengths run from {int(lengths.min())} to {int(lengths.max())}; "
            f"each must be at least 1 and at most the {steps} rows of the source"
        )
