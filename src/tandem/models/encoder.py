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
    """An encoder's weights, converted and laid out once to read many sources. They have no gradient."""

    embedding: PreparedEmbedding
    stack: PreparedStack
    start: RecurrentState
    """The state before the first token, for one row: `[L, 1, H]`."""

    def read(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """Read `source [S, B]`, of `lengths [B]`, into a state of B rows, as the encoder does in eval mode.

        A beginning that several sources share is read once, and no source is read beyond its end. Raise ValueError for
        a length outside 1 to S.
        """
        check_lengths(lengths, len(source))
        tree = prefix_tree(source, lengths)
        by_input = self.embedding(tree.tokens)
        return self.stack.final_states(by_input, tree.levels, self.start, source.shape[1])


class UnsharedEncoder(NamedTuple):
    """An encoder that reads sources from both ends, so that a shared beginning saves nothing."""

    encoder: "Encoder"
    dtype: torch.dtype

    def read(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        """Read `source [S, B]`, of `lengths [B]`, into a state of B rows, without a gradient."""
        with torch.no_grad(), torch.autocast(source.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return self.encoder(source, lengths)  # type: ignore[no-any-return]


class Encoded(NamedTuple):
    """The results of an encoder for a batch of sources."""

    final: RecurrentState
    """The state of each source after its last token, `[L, B, H]`; with two directions `[2 L, B, H]`, forward first."""
    outputs: Tensor
    """The outputs of the last layer at all positions, `[S, B, H]` or `[S, B, 2 H]`; undefined after a source's end."""


class Encoder(nn.Module):
    """Embedding, dropout, and a stack of recurrent layers: the tutorial's class.

    `Encoder(input_dim, emb_dim, hid_dim, n_layers, dropout)` takes the sizes of the source vocabulary, the embedding
    and the hidden state, the number of layers, and the share that dropout zeroes in the embedding and between layers.
    `cell_type` is the kind of layer. Weights are drawn from U(-init_range, init_range) (Sutskever et al. 2014, section
    3.4), or left as torch draws them if `init_range` is None. `word_dropout` is the share of tokens whose whole
    embedding is zeroed (Gal & Ghahramani 2016, section 4.2); in the tutorial it is 0. A `bidirectional` encoder reads
    the source from both ends, with `hid_dim` units in each direction (Schuster & Paliwal 1997). With `scale_embedding`,
    the embedding is multiplied by sqrt(E) (see `Embedding`).
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
        """The total size of a layer's final states, which a bridge joins."""
        return self.output_dim

    def forward(self, src: Tensor, lengths: Tensor | None = None) -> RecurrentState:
        """Read `src [S, B]`, ids, into `(hidden, cell)`, each `[L, B, H]`, or `[2 L, B, H]` with two directions.

        With `lengths [B]`, each sequence's state is the one after its last token. Without them, the padding is read as
        well, as in the tutorial. Raise ValueError for a length outside 1 to S.
        """
        return self.read(src, lengths).final

    def read(self, src: Tensor, lengths: Tensor | None = None) -> Encoded:
        """Read `src [S, B]` as `forward` does, and also return the outputs at all positions."""
        return self._read_embedded(self.embedding(src), lengths)

    def embed(self, src: Tensor) -> Tensor:
        """Return the embeddings of `src [S, B]`: `[S, B, E]`."""
        embedded: Tensor = self.embedding(src)
        return embedded

    def read_embedded(self, src: Tensor, embedded: Tensor, lengths: Tensor | None = None) -> Encoded:  # noqa: ARG002
        """Read `embedded [S, B, E]`, which `embed` returned for `src`, as `read` does.

        This is for gradients with respect to the embeddings of a source's tokens.
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
        """Convert the weights to `dtype` and lay them out to read many sources, without a gradient."""
        if self.bidirectional:
            return UnsharedEncoder(self, dtype)
        stack = prepare_stack(self._cell, self.rnn, dtype, single_rows=True)
        embedding = PreparedEmbedding(self.embedding, stack.layers[0], tabulate=True)
        return PreparedEncoder(embedding, stack, zero_state(self._cell, self.rnn, 1, dtype))


def check_lengths(lengths: Tensor, steps: int) -> None:
    """Raise ValueError for a length outside 1 to S."""
    if int(lengths.min()) < 1 or int(lengths.max()) > steps:
        raise ValueError(
            f"the source lengths range from {int(lengths.min())} to {int(lengths.max())}; "
            f"each must be at least 1 and at most {steps}, the number of rows of the source"
        )
