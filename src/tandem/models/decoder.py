"""The decoder: a recurrent network that starts from the context and writes the target token by token."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tandem.models.encoder import initialise
from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.products import Packed
from tandem.models.prefixes import PrefixTree
from tandem.models.recurrence import (
    CellType,
    PreparedEmbedding,
    PreparedLayer,
    draw_embedding_mask,
    draw_mask,
    draw_masks,
    new_rnn,
    prepare_layers,
    read_outputs,
    stack_weights,
    step,
    unroll,
)
from tandem.models.state import RecurrentState


class DecoderMasks(NamedTuple):
    """The dropout of one pass over T steps, drawn beforehand so that two passes can share it."""

    embedding: Tensor | None
    """[T, B, E]; None where nothing is dropped there."""
    layers: list[Tensor] | None
    """One a layer but the last, [T, B, H]; None for a single layer."""
    output: Tensor | None
    """[T, B, H], for what the last layer puts out; None where nothing is dropped there."""

    def at(self, t: int) -> "DecoderMasks":
        """The masks of step t: [B, E] and [B, H]."""
        layers = None if self.layers is None else [mask[t] for mask in self.layers]
        embedding, output = (None if mask is None else mask[t] for mask in (self.embedding, self.output))
        return DecoderMasks(embedding, layers, output)


class PreparedDecoder(NamedTuple):
    """A decoder's weights converted and laid out once, to take many single steps with. Holds no graph."""

    cell_type: CellType
    embedding: PreparedEmbedding
    layers: tuple[PreparedLayer, ...]
    projection: Packed | None
    output: Packed

    def step(
        self, tokens: Tensor, state: RecurrentState, masks: DecoderMasks | None = None
    ) -> tuple[Tensor, RecurrentState]:
        """Read `tokens [B]`: what the output layer reads, [B, D], and the new state."""
        by_input = self.embedding(tokens, None if masks is None else masks.embedding)
        output, state = step(self.cell_type, self.layers, by_input, state, None if masks is None else masks.layers)
        if masks is not None and masks.output is not None:
            output = output * masks.output
        return (output if self.projection is None else self.projection(output)), state

    def read(self, tree: PrefixTree, state: RecurrentState) -> Tensor:
        """What the output layer reads at every beginning of a tree that continues the rows of `state`, [P, D]."""
        by_input = self.embedding(tree.tokens)
        outputs = read_outputs(self.cell_type, self.layers, by_input, tree.levels, state)
        return outputs if self.projection is None else self.projection(outputs)

    def logits(self, features: Tensor) -> Tensor:
        """(B, D) x (V, D) -> (B, V)."""
        return self.output(features)

    def best_tokens(self, features: Tensor, dtype: torch.dtype) -> Tensor:
        """The most probable next tokens [B] at `features [B, D]`; the logits are compared in `dtype`."""
        return largest_columns(self.logits(features).to(dtype))


class Decoder(nn.Module):
    """Embedding, dropout, a stack of recurrent layers and a linear layer to the vocabulary; the tutorial's class.

    `Decoder(output_dim, emb_dim, hid_dim, n_layers, dropout)`, as the encoder. With `tie_output` the output layer's
    weight is the embedding's (Press & Wolf 2017), behind a projection from H to E where these differ. `output_dropout`
    is the share zeroed in the last layer's output (Zaremba et al. 2014) and `word_dropout` that of tokens whose whole
    embedding is zeroed (Gal & Ghahramani 2016, section 4.2), where the tutorial drops nothing.
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
        self.embedding = nn.Embedding(output_dim, emb_dim)
        self.rnn = new_rnn(cell_type, emb_dim, hid_dim, n_layers)
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
        """Read one token, `input [B]`, in the state `(hidden, cell)`, each [L, B, H].

        Returns `(prediction [B, V], hidden, cell)`: the logits of the next token and the new state. ValueError for an
        LSTM without a cell state.
        """
        if self.cell_type == "lstm" and cell is None:
            raise ValueError("an LSTM's state has two parts: call decoder(input, hidden, cell)")
        masks = self.draw_masks(1, input.shape[0])
        features, state = self._unroll(input.unsqueeze(0), RecurrentState(hidden, cell), masks)
        return self.fc_out(features.squeeze(0)), state.hidden, state.cell

    def features(self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None) -> Tensor:
        """Read `inputs [T, B]` from `state`: what the output layer reads at each step, [T, B, D].

        D is H, or E with a tied output. Differentiable; the logits are `fc_out` of it.
        """
        return self._unroll(inputs, state, masks)[0]

    def draw_masks(self, steps: int, batch: int) -> DecoderMasks | None:
        """This pass's dropout; None in eval mode or where nothing is dropped."""
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

    def prepare(self, dtype: torch.dtype, *, tabulate: bool) -> PreparedDecoder:
        """Weights converted to `dtype` and laid out for many single steps, without a graph.

        `tabulate` spends time on a table of the embeddings' products beforehand: for more than some ten steps.
        """
        output, projection = self.fc_out, self.projection
        layers = prepare_layers(self.cell_type, self.rnn, dtype)
        return PreparedDecoder(
            self.cell_type,
            PreparedEmbedding(self.embedding, layers[0], tabulate=tabulate),
            layers,
            None if projection is None else Packed(projection.weight.to(dtype)),
            Packed(output.weight.to(dtype), output.bias.to(dtype)),
        )

    def _unroll(
        self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None
    ) -> tuple[Tensor, RecurrentState]:
        embedded = self.embedding(inputs)
        if masks is not None and masks.embedding is not None:
            embedded = embedded * masks.embedding
        outputs, state = unroll(
            self.cell_type, stack_weights(self.rnn), embedded, state, None if masks is None else masks.layers
        )
        if masks is not None and masks.output is not None:
            outputs = outputs * masks.output
        return (outputs if self.projection is None else self.projection(outputs)), state
