"""The decoder: a recurrent network that starts from the context and writes the target token by token."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from tandem.models.attention import Attention, Memory, layers_below, read_memory
from tandem.models.cells import find_cell
from tandem.models.copying import mixed_logits
from tandem.models.embedding import Embedding
from tandem.models.initial_weights import initialise
from tandem.models.kernels.products import Packed
from tandem.models.masks import draw_embedding_mask, draw_mask, draw_masks
from tandem.models.prepared import PreparedEmbedding, prepare_stack
from tandem.models.prepared_decoder import DecoderMasks, PreparedDecoder
from tandem.models.recurrence import stack_weights, unroll
from tandem.models.state import RecurrentState
from tandem.names import AttentionKind, AttentionScore, CellType


class ComparedFeatures(NamedTuple):
    """The values that determine the next tokens of a decoder that copies, with a gradient."""

    features: Tensor
    """The inputs of the output layer at each step, `[T, B, D]`."""
    compared: Tensor
    """The logits of the attention at each step, `[T, B, S]`."""


class Decoder(nn.Module):
    """Embedding, dropout, a stack of recurrent layers and a linear layer to the vocabulary: the tutorial's class.

    `Decoder(output_dim, emb_dim, hid_dim, n_layers, dropout)` takes the arguments that the encoder takes. With
    `tie_output`, the output layer shares the weight of the embedding (Press & Wolf 2017), after a projection from H to
    E if these differ. `output_dropout` is the share that is zeroed in the last layer's output (Zaremba et al. 2014),
    and `word_dropout` is the share of tokens whose whole embedding is zeroed (Gal & Ghahramani 2016, section 4.2). The
    tutorial does neither. With `embedding`, that of the encoder, the decoder makes none of its own; with `tie_output`,
    all three weights are then the same. With `scale_embedding`, the embedding is multiplied by sqrt(E) (see
    `Embedding`).

    With `attention`, each step looks at all outputs of the encoder, whose size is `memory_dim` (by default `hid_dim`).
    `luong` looks after the last layer. `gnmt` looks after the first layer, and the layers above read the context.
    `attention_score` is the score that compares the decoder's state with the outputs.

    With `copying`, which needs attention, the next token may be a token of the source (`models/copying.py`).
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
        attention: AttentionKind | None = None,
        attention_score: AttentionScore = "general",
        memory_dim: int | None = None,
        scale_embedding: bool = False,
        embedding: Embedding | None = None,
        copying: bool = False,
    ) -> None:
        super().__init__()
        self.output_dim = output_dim
        self.hid_dim = hid_dim
        self.n_layers = n_layers
        self.cell_type: CellType = cell_type
        self._cell = find_cell(cell_type)
        self.embedding = Embedding(output_dim, emb_dim, scaled=scale_embedding) if embedding is None else embedding
        if self.embedding.weight.shape != (output_dim, emb_dim):
            raise ValueError(
                f"the given embedding has the shape {list(self.embedding.weight.shape)}, but the decoder needs "
                f"{[output_dim, emb_dim]}: to share it, give the decoder the encoder's vocabulary and emb_dim"
            )
        below = n_layers if attention is None else layers_below(attention, n_layers)
        feature_dim = emb_dim if tie_output else hid_dim
        memory_dim = memory_dim or hid_dim
        self.rnn = self._cell.new_parameters(emb_dim, hid_dim, below)
        self.upper = nn.ModuleList(
            self._cell.new_parameters(hid_dim + memory_dim, hid_dim, 1) for _ in range(n_layers - below)
        )
        self.attention_kind: AttentionKind | None = attention
        self.attention_score: AttentionScore = attention_score
        self.attention = None if attention is None else Attention(attention_score, hid_dim, memory_dim, feature_dim)
        has_projection = feature_dim != hid_dim and attention is None
        self.projection = nn.Linear(hid_dim, feature_dim, bias=False) if has_projection else None
        self.fc_out = nn.Linear(feature_dim, output_dim)
        if tie_output:
            self.fc_out.weight = self.embedding.weight
        if copying and attention is None:
            raise ValueError(
                "a decoder that copies needs attention to choose the token: give attention='gnmt' or 'luong'"
            )
        self.copy_gate = nn.Linear(feature_dim, 1) if copying else None
        """Computes the logit of p, the share of the vocabulary in the next token."""
        self.dropout = nn.Dropout(dropout)
        self.output_dropout = nn.Dropout(output_dropout)
        self.word_dropout = nn.Dropout(word_dropout)
        initialise(self, init_range, but=None if embedding is None else embedding.weight)

    def forward(
        self, input: Tensor, hidden: Tensor, cell: Tensor | None = None, memory: Memory | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Read one token in each row, `input [B]`, in the state `(hidden, cell)`, each `[L, B, H]`.

        Returns `(prediction [B, V], hidden, cell)`: the logits of the next token and the new state. With attention it
        looks at `memory`, which `attention.remember` makes of the encoder's outputs. From a memory that has copies a
        decoder that copies predicts extended ids, `[B, V + S]`. ValueError for an LSTM without a cell state, and for
        attention without a memory.
        """
        if self._cell.has_cell_state and cell is None:
            raise ValueError("an LSTM's state has two parts: call decoder(input, hidden, cell)")
        masks = self.draw_masks(1, input.shape[0])
        inputs = input.unsqueeze(0)
        features, state, compared = self._unroll(inputs, RecurrentState(hidden, cell), masks, memory)
        logits = self.extended_logits(features, compared, memory).squeeze(0)
        return logits, state.hidden, state.cell

    def features(
        self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None, memory: Memory | None = None
    ) -> Tensor:
        """Read `inputs [T, B]` from `state`. Return the inputs of the output layer at each step, `[T, B, D]`.

        D is H, or E with a tied output. The result is differentiable; the logits are `fc_out` of it.
        """
        return self._unroll(inputs, state, masks, memory)[0]

    def compared_features(
        self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None, memory: Memory
    ) -> ComparedFeatures:
        """Read `inputs [T, B]` from `state` as `features` does, and also return the decoder's attention."""
        features, _, compared = self._unroll(inputs, state, masks, memory)
        assert compared is not None
        return ComparedFeatures(features, compared)

    def extended_logits(self, features: Tensor, compared: Tensor | None, memory: Memory | None) -> Tensor:
        """Return the logits `[T, B, V]`, or `[T, B, V + S]` for a decoder that copies and a memory with copies."""
        logits: Tensor = self.fc_out(features)
        if self.copy_gate is None or compared is None or memory is None or memory.copies is None:
            return logits
        steps, batch = logits.shape[:2]
        weights, gate = compared.softmax(dim=2).flatten(0, 1), self.copy_gate(features).flatten()
        rows = memory.copies.select(torch.arange(batch, device=logits.device).repeat(steps))
        return mixed_logits(logits.flatten(0, 1), gate, weights, rows).view(steps, batch, -1)

    def draw_masks(self, steps: int, batch: int) -> DecoderMasks | None:
        """Draw the dropout of one pass; None in eval mode, or if nothing is dropped."""
        rate, output_rate, word_rate = self.dropout.p, self.output_dropout.p, self.word_dropout.p
        if not self.training or rate == output_rate == word_rate == 0:
            return None
        weight = self.embedding.weight
        states = (steps, batch, self.hid_dim)
        return DecoderMasks(
            draw_embedding_mask((steps, batch, weight.shape[1]), rate, word_rate, weight),
            draw_masks(self.n_layers, states, rate, weight),
            draw_mask((steps, batch, self._read_by_output()), output_rate, weight) if output_rate else None,
        )

    def prepare(self, dtype: torch.dtype, *, many_steps: bool) -> PreparedDecoder:
        """Convert the weights to `dtype` and lay them out for single steps, without a gradient.

        `many_steps` is for decoding. It computes a table of the embeddings' products beforehand, which pays off after
        about ten steps, and gives single rows a layout of their own (see `Packed`). Without it, as in training, a step
        computes the same products as the differentiable pass.
        """
        output, projection = self.fc_out, self.projection
        stack = prepare_stack(self._cell, self.rnn, dtype, single_rows=many_steps)
        return PreparedDecoder(
            PreparedEmbedding(self.embedding, stack.layers[0], tabulate=many_steps),
            stack,
            tuple(prepare_stack(self._cell, rnn, dtype, single_rows=many_steps) for rnn in self._upper()),
            None if self.attention is None else self.attention.prepare(dtype, single_rows=many_steps),
            None if projection is None else Packed(projection.weight.to(dtype), single_rows=many_steps),
            Packed(output.weight.to(dtype), output.bias.to(dtype), single_rows=many_steps),
            None if self.copy_gate is None else Packed(self.copy_gate.weight, self.copy_gate.bias),
        )

    def _unroll(
        self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None, memory: Memory | None
    ) -> tuple[Tensor, RecurrentState, Tensor | None]:
        """Return the inputs of the output layer, the state, and the logits of the attention, `[T, B, S]`."""
        embedded = self.embedding(inputs)
        if masks is not None and masks.embedding is not None:
            embedded = embedded * masks.embedding
        between = None if masks is None else masks.layers
        below = self.rnn.num_layers
        outputs, after = unroll(self._cell, stack_weights(self.rnn), embedded, state.layers(0, below), between)
        states, compared = [after], None
        if self.attention is not None:
            if memory is None:
                raise ValueError("a decoder with attention needs the memory: call decoder(input, hidden, cell, memory)")
            compared = self.attention.compare(outputs.transpose(0, 1), memory)  # (B, T, S)
            contexts = read_memory(compared.softmax(dim=2), memory).transpose(0, 1)  # (T, B, M)
            for index, rnn in enumerate(self._upper(), below):
                lower = outputs if between is None else outputs * between[index - 1]
                read = torch.cat([lower, contexts.to(lower.dtype)], dim=2)
                outputs, after = unroll(self._cell, stack_weights(rnn), read, state.layers(index, index + 1), None)
                states.append(after)
            outputs = self.attention.joined(contexts, outputs)
        if masks is not None and masks.output is not None:
            outputs = outputs * masks.output
        features = outputs if self.projection is None else self.projection(outputs)
        return features, RecurrentState.join(states), None if compared is None else compared.transpose(0, 1)

    def _upper(self) -> Sequence[nn.RNNBase]:
        return cast(Sequence[nn.RNNBase], self.upper)

    def _read_by_output(self) -> int:
        """Return the size of the vectors that dropout applies to before the output layer."""
        return self.hid_dim if self.attention is None else self.fc_out.in_features
