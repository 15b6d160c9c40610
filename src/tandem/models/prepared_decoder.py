"""A decoder without a gradient: its weights, laid out once, and its state between two steps."""

from typing import NamedTuple

import torch
from torch import Tensor

from tandem.models.attention import Memory, Owners, PreparedAttention
from tandem.models.cells import LayerState
from tandem.models.copying import Copies, mixed_logits
from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.products import Packed, as_type
from tandem.models.prefixes import PrefixTree
from tandem.models.prepared import PreparedEmbedding, PreparedStack
from tandem.models.state import RecurrentState


class DecoderMasks(NamedTuple):
    """The dropout of one pass over T steps, drawn in advance so that two passes can share it. None drops nothing."""

    embedding: Tensor | None
    """For the embeddings, `[T, B, E]`."""
    layers: list[Tensor] | None
    """For the outputs of each layer except the last, `[T, B, H]`."""
    output: Tensor | None
    """For the input of the output layer: `[T, B, H]`, or `[T, B, D]` with attention."""

    def at(self, t: int) -> "DecoderMasks":
        """Return the masks of step t, `[B, E]` and `[B, H]`."""
        layers = None if self.layers is None else [mask[t] for mask in self.layers]
        embedding, output = (None if mask is None else mask[t] for mask in (self.embedding, self.output))
        return DecoderMasks(embedding, layers, output)


class DecoderState(NamedTuple):
    """The state of a prepared decoder between two steps. Layers are separate, so that no step has to stack them."""

    layers: tuple[LayerState, ...]
    owners: Owners | None = None
    """The source of each row; None without attention."""
    looked: Tensor | None = None
    """The attention of the step that led to this state, `[N, S]`; None unless the decoder copies."""

    def select(self, rows: Tensor) -> "DecoderState":
        """Repeat, reorder or drop rows: int64 `rows [B']` -> a state of B' rows."""
        layers = tuple(tuple(part.index_select(0, rows) for part in layer) for layer in self.layers)
        return DecoderState(layers, None if self.owners is None else self.owners.select(rows))

    def join(self, other: "DecoderState", vocabulary: int) -> "DecoderState":
        """Return the state of these rows and of others, before the next step of both."""
        layers = tuple(
            tuple(torch.cat(parts) for parts in zip(*both, strict=True))
            for both in zip(self.layers, other.layers, strict=True)
        )
        if self.owners is None or other.owners is None:
            return DecoderState(layers)
        return DecoderState(layers, self.owners.join(other.owners, vocabulary))


class Reading(NamedTuple):
    """The values that determine the next tokens of N rows. Without copying, all but the features are None."""

    features: Tensor
    """The inputs of the output layer, `[N, D]`."""
    looked: Tensor | None = None
    """The attention to the positions of each row's source, `[N, S]`."""
    sources: Tensor | None = None
    """The number of each row's source, int64 `[N]`."""
    copies: Copies | None = None
    """The copies of all sources."""

    def rows(self, rows: slice) -> "Reading":
        """Return some of the rows."""
        looked, sources = (None if part is None else part[rows] for part in (self.looked, self.sources))
        return Reading(self.features[rows], looked, sources, self.copies)


class PreparedDecoder(NamedTuple):
    """A decoder's weights, converted and laid out once to take many single steps. They have no gradient."""

    embedding: PreparedEmbedding
    stack: PreparedStack
    """The layers below attention; without attention, all layers."""
    upper: tuple[PreparedStack, ...]
    """The layers above attention, one each."""
    attention: PreparedAttention | None
    projection: Packed | None
    output: Packed
    gate: Packed | None = None
    """For a decoder that copies."""

    def start(self, state: RecurrentState, memory: Memory | None = None) -> DecoderState:
        """Return the state before the first step, from the results of `Seq2Seq.encode`, without their gradient."""
        layers = tuple(tuple(part.detach() for part in state.layer(index)) for index in range(len(state.hidden)))
        if memory is None or self.attention is None:
            return DecoderState(layers)
        return DecoderState(layers, self.attention.owners(memory))

    def step(
        self, tokens: Tensor, state: DecoderState, masks: DecoderMasks | None = None
    ) -> tuple[Tensor, DecoderState]:
        """Read one token in each row, `tokens [B]`.

        Return the inputs of the output layer, `[B, D]`, and the new state.
        """
        by_input = self.embedding(tokens, None if masks is None else masks.embedding)
        between = None if masks is None else masks.layers
        layers = self.stack.step(by_input, state.layers, between)
        output, looked = layers[-1][0], None
        if self.attention is not None and state.owners is not None:
            context, weights = self.attention.look(output, state.owners)
            looked = None if self.gate is None else state.owners.gather(weights)
            for index, layer in enumerate(self.upper, len(layers)):
                lower = output if between is None else output * between[index - 1]
                by_input = layer.layers[0].of_input(torch.cat([lower, context], dim=1))
                layers += layer.step(by_input, state.layers[index:], None)
                output = layers[-1][0]
            output = self.attention.joined(context, output)
        if masks is not None and masks.output is not None:
            output = output * masks.output
        features = output if self.projection is None else self.projection(output)
        return features, DecoderState(layers, state.owners, looked)

    def read(self, tree: PrefixTree, state: DecoderState) -> Reading:
        """Read a tree that continues the rows of `state`, and return a reading of its P prefixes."""
        outputs, looked = self.stack.outputs(self.embedding(tree.tokens), tree.levels, state.layers), None
        owners = state.owners
        if self.attention is not None and owners is not None:
            owners = Owners.of(tree.spread(owners.sources), owners.memory)
            contexts, weights = self.attention.look(outputs, owners)
            looked = None if self.gate is None else owners.gather(weights)
            for index, layer in enumerate(self.upper, len(self.stack.layers)):
                by_input = layer.layers[0].of_input(torch.cat([outputs, contexts], dim=1))
                outputs = layer.outputs(by_input, tree.levels, state.layers[index:])
            outputs = self.attention.joined(contexts, outputs)
        features = outputs if self.projection is None else self.projection(outputs)
        return self.reading(features, DecoderState((), owners, looked))

    def reading(self, features: Tensor, state: DecoderState) -> Reading:
        """Return the reading after the step that returned `features` and `state`."""
        if state.owners is None or state.looked is None:
            return Reading(features)
        return Reading(features, state.looked, state.owners.sources, state.owners.memory.copies)

    def alignments(self, tree: PrefixTree, state: DecoderState) -> Tensor | None:
        """Return the attention at each prefix of a tree, `[P, S]`; None for a decoder without attention."""
        if self.attention is None or state.owners is None:
            return None
        outputs = self.stack.outputs(self.embedding(tree.tokens), tree.levels, state.layers)
        return self.attention.weights(outputs, Owners.of(tree.spread(state.owners.sources), state.owners.memory))

    def last_alignments(self, state: DecoderState) -> Tensor | None:
        """Return the attention of the step that led to `state`, `[B, S]`; None for a decoder without attention.

        It is computed again from the output of the layer below attention, so that steps need not keep it.
        """
        if self.attention is None or state.owners is None:
            return None
        return self.attention.weights(state.layers[len(self.stack.layers) - 1][0], state.owners)

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits `[B, V]` at `features [B, D]`."""
        return self.output(features)

    def extended_logits(self, reading: Reading) -> Tensor:
        """Return the logits of all tokens, `[N, V]`; for a decoder that copies, of extended ids, `[N, V + S]`."""
        logits = self.output(reading.features)
        _, looked, sources, copies = reading
        if self.gate is None or looked is None or sources is None or copies is None:
            return logits
        gate = as_type(self.gate(reading.features).squeeze(1), looked.dtype)
        return mixed_logits(as_type(logits, looked.dtype), gate, looked, copies.select(sources))

    def best_tokens(self, features: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the most probable next tokens `[B]` at `features [B, D]`; the logits are compared in `dtype`."""
        return largest_columns(self.logits(features).to(dtype))
