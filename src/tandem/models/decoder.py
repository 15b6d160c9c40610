"""The decoder: a recurrent network that starts from the context and writes the target token by token."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tandem.models.cells import LayerState, find_cell
from tandem.models.initial_weights import initialise
from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.products import Packed
from tandem.models.masks import draw_embedding_mask, draw_mask, draw_masks
from tandem.models.prefixes import PrefixTree
from tandem.models.prepared import PreparedEmbedding, PreparedStack, prepare_stack
from tandem.models.recurrence import stack_weights, unroll
from tandem.models.state import RecurrentState
from tandem.names import CellType


class DecoderMasks(NamedTuple):
    """The dropout of one pass over T steps, drawn beforehand so that two passes can share it."""

    embedding: Tensor | None
    """For the embeddings, `[T, B, E]`; None where nothing is dropped there."""
    layers: list[Tensor] | None
    """For the outputs of each layer but the last, `[T, B, H]`; None where nothing is dropped there."""
    output: Tensor | None
    """For the outputs of the last layer, `[T, B, H]`; None where nothing is dropped there."""

    def at(self, t: int) -> "DecoderMasks":
        """Return the masks of step t, `[B, E]` and `[B, H]`."""
        layers = None if self.layers is None else [mask[t] for mask in self.layers]
        embedding, output = (None if mask is None else mask[t] for mask in (self.embedding, self.output))
        return DecoderMasks(embedding, layers, output)


class DecoderState(NamedTuple):
    """The state of a prepared decoder between two steps. Layers are kept apart, so that no step has to stack them."""

    layers: tuple[LayerState, ...]

    def select(self, rows: Tensor) -> "DecoderState":
        """Repeat, reorder or drop rows: int64 `rows [B']` -> a state of B' rows."""
        return DecoderState(tuple(tuple(part.index_select(0, rows) for part in layer) for layer in self.layers))


class PreparedDecoder(NamedTuple):
    """A decoder's weights, converted and laid out once to take many single steps. Holds no graph."""

    embedding: PreparedEmbedding
    stack: PreparedStack
    projection: Packed | None
    output: Packed

    def start(self, state: RecurrentState) -> DecoderState:
        """Return the state before the first step, from the encoder's. The encoder's graph ends here."""
        return DecoderState(tuple(tuple(part.detach() for part in state.layer(index)) for index in range(self.depth)))

    @property
    def depth(self) -> int:
        """The number of layers."""
        return len(self.stack.layers)

    def step(
        self, tokens: Tensor, state: DecoderState, masks: DecoderMasks | None = None
    ) -> tuple[Tensor, DecoderState]:
        """Read one token in each row, `tokens [B]`.

        Returns what the output layer reads, `[B, D]`, and the new state.
        """
        if masks is None:
            layers = self.stack.step(self.embedding(tokens), state.layers, None)
            output = layers[-1][0]
        else:
            layers = self.stack.step(self.embedding(tokens, masks.embedding), state.layers, masks.layers)
            output = layers[-1][0] if masks.output is None else layers[-1][0] * masks.output
        return (output if self.projection is None else self.projection(output)), DecoderState(layers)

    def read(self, tree: PrefixTree, state: DecoderState) -> Tensor:
        """Read a tree that continues the rows of `state`.

        Returns what the output layer reads at each prefix, `[P, D]`.
        """
        outputs = self.stack.outputs(self.embedding(tree.tokens), tree.levels, state.layers)
        return outputs if self.projection is None else self.projection(outputs)

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits `[B, V]` at `features [B, D]`."""
        return self.output(features)

    def best_tokens(self, features: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the most probable next tokens `[B]` at `features [B, D]`; the logits are compared in `dtype`."""
        return largest_columns(self.logits(features).to(dtype))


class Decoder(nn.Module):
    """Embedding, dropout, a stack of recurrent layers and a linear layer to the vocabulary: the tutorial's class.

    `Decoder(output_dim, emb_dim, hid_dim, n_layers, dropout)` takes what the encoder takes. With `tie_output` the
    output layer's weight is the embedding's (Press & Wolf 2017), behind a projection from H to E where these differ.
    `output_dropout` is the share that is zeroed in the last layer's output (Zaremba et al. 2014), and `word_dropout`
    the share of tokens whose whole embedding is zeroed (Gal & Ghahramani 2016, section 4.2). The tutorial does neither.
    """

    def __init__(
        self,
        output_dim: int,
        emb_dim: int,
        hid_dim: int,
        n_layers: int,
        dropout: float,
        *,
        cell_type: CellType = "lstm",
        tie_output: bool = False,
        output_dropout: float = 0.0,
        word_dropout: float = 0.0,
        init_range: float | None = 0.08,
    ) -> None:
        super().__init__()
        self.output_dim = output_dim
        self.hid_dim = hid_dim
        self.n_layers = n_layers
        self.cell_type: CellType = cell_type
        self._cell = find_cell(cell_type)
        self.embedding = nn.Embedding(output_dim, emb_dim)
        self.rnn = self._cell.new_parameters(emb_dim, hid_dim, n_layers)
        self.projection = nn.Linear(hid_dim, emb_dim, bias=False) if tie_output and emb_dim != hid_dim else None
        self.fc_out = nn.Linear(emb_dim if tie_output else hid_dim, output_dim)
        if tie_output:
            self.fc_out.weight = self.embedding.weight
        self.dropout = nn.Dropout(dropout)
        self.output_dropout = nn.Dropout(output_dropout)
        self.word_dropout = nn.Dropout(word_dropout)
        initialise(self, init_range)

    def forward(
        self, input: Tensor, hidden: Tensor, cell: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Read one token in each row, `input [B]`, in the state `(hidden, cell)`, each `[L, B, H]`.

        Returns `(prediction [B, V], hidden, cell)`: the logits of the next token and the new state. ValueError for an
        LSTM without a cell state.
        """
        if self._cell.has_cell_state and cell is None:
            raise ValueError("an LSTM's state has two parts: call decoder(input, hidden, cell)")
        masks = self.draw_masks(1, input.shape[0])
        features, state = self._unroll(input.unsqueeze(0), RecurrentState(hidden, cell), masks)
        return self.fc_out(features.squeeze(0)), state.hidden, state.cell

    def features(self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None) -> Tensor:
        """Read `inputs [T, B]` from `state`. Returns what the output layer reads at each step, `[T, B, D]`.

        D is H, or E with a tied output. Differentiable; the logits are `fc_out` of the result.
        """
        return self._unroll(inputs, state, masks)[0]

    def draw_masks(self, steps: int, batch: int) -> DecoderMasks | None:
        """Draw the dropout of one pass; None in eval mode or where nothing is dropped."""
        rate, output_rate, word_rate = self.dropout.p, self.output_dropout.p, self.word_dropout.p
        if not self.training or rate == output_rate == word_rate == 0:
            return None
        weight = self.embedding.weight
        states = (steps, batch, self.hid_dim)
        return DecoderMasks(
            draw_embedding_mask((steps, batch, weight.shape[1]), rate, word_rate, weight),
            draw_masks(self.n_layers, states, rate, weight),
            draw_mask(states, output_rate, weight) if output_rate else None,
        )

    def prepare(self, dtype: torch.dtype, *, many_steps: bool) -> PreparedDecoder:
        """Convert the weights to `dtype` and lay them out for single steps, without a graph.

        `many_steps` is for decoding. A table of the embeddings' products is then computed beforehand, which pays from
        some ten steps on, and single rows have a layout of their own (see `Packed`). Without it, as in training, a step
        takes the products that the differentiable pass takes.
        """
        output, projection = self.fc_out, self.projection
        stack = prepare_stack(self._cell, self.rnn, dtype, single_rows=many_steps)
        return PreparedDecoder(
            PreparedEmbedding(self.embedding, stack.layers[0], tabulate=many_steps),
            stack,
            None if projection is None else Packed(projection.weight.to(dtype), single_rows=many_steps),
            Packed(output.weight.to(dtype), output.bias.to(dtype), single_rows=many_steps),
        )

    def _unroll(
        self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None
    ) -> tuple[Tensor, RecurrentState]:
        embedded = self.embedding(inputs)
        if masks is not None and masks.embedding is not None:
            embedded = embedded * masks.embedding
        layers = None if masks is None else masks.layers
        outputs, state = unroll(self._cell, stack_weights(self.rnn), embedded, state, layers)
        if masks is not None and masks.output is not None:
            outputs = outputs * masks.output
        return (outputs if self.projection is None else self.projection(outputs)), state
