"""What a layer of the encoder or the decoder computes while it reads: states and gates, step by step.

Letters: `T` steps, `H` hidden size, `P` parts of a layer (`Cell.parts`), `S` source length, `E` embedding.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tandem.batches import copied_sources, pad_sentences
from tandem.models import Decoder, Encoder
from tandem.models.attention import Memory, read_memory
from tandem.models.cells import Cell, LayerWeights, find_cell
from tandem.models.copying import fed_back
from tandem.models.recurrence import stack_weights, zero_state
from tandem.models.state import RecurrentState
from tandem.names import LayerPart
from tandem.search import run_search
from tandem.terminal import counted
from tandem.text import SOS_ID
from tandem.text.codec import EncodedSource
from tandem.translation.settings import SearchSettings
from tandem.translation.texts import search_inputs
from tandem.translation.translator import Translator

MOST_CHANGED = 32
"""The number of units that `changed_units` returns at most: as many as a picture can show at once."""


class Inside(NamedTuple):
    """All that one layer computed while it read a text."""

    tokens: tuple[str, ...]
    """The token that was read at each step, T of them, in the order of reading."""
    forward: Mapping[LayerPart, Tensor]
    """Every part that the cell has, `[T, H]` of float32 on the CPU."""
    backward: Mapping[LayerPart, Tensor] | None
    """The same of the other direction, at the same tokens; None for a layer that reads in one direction."""
    layers: int
    """The number of layers of this side."""


@torch.no_grad()
def watch_encoder(translator: Translator, text: str, layer: int = 0) -> Inside:
    """Read a source with the encoder, and return what one of its layers computed, counted from 0.

    The states are computed from the weights by the equations in `models/cells/`, in the weights' own type. Of an
    ensemble the first model is read; of a source with features, the encoder of the source itself. The tokens stand in
    the order in which the encoder reads them, which is the reverse of the text's for a model with reversed sources.
    Raise ArgumentError for an export, which has no such states, and ValueError if the model has no such layer.
    """
    model = translator.members[0].model
    encoder = model.encoder
    _check_layer("encoder", layer, encoder.n_layers)
    (source,) = translator.codec.encode_sources([text])
    ids = _read_by_encoder(translator, source)[:, 0]
    ids = ids[ids < encoder.embedding.num_embeddings]  # features lie behind the source's vocabulary
    parts = _encoder_parts(encoder, ids, layer)
    tokens = translator.source_tokenizer.tokens(ids.tolist())
    return _inside(tokens, find_cell(encoder.cell_type), parts, encoder.n_layers)


@torch.no_grad()
def watch_decoder(
    translator: Translator,
    text: str,
    target: str | None = None,
    layer: int = 0,
    settings: SearchSettings | None = None,
) -> Inside:
    """Feed the decoder a target, and return what one of its layers computed, counted from 0.

    Without a `target` it is fed its own translation, searched for by `settings` or else as the recipe says. The first
    token that it reads is `<sos>`, and `<eos>` is never read. Otherwise like `watch_encoder`. Raise TandemError where
    the source has no translation.
    """
    model = translator.members[0].model
    decoder = model.decoder
    _check_layer("decoder", layer, decoder.n_layers)
    (source,) = translator.codec.encode_sources([text])
    if target is None:
        ids = _translated(translator, text, settings or translator.search_settings())
    else:
        (ids,) = translator.codec.encode_targets([target], [source])
    state, memory = model.encode(_read_by_encoder(translator, source), torch.tensor([len(source.ids)]))
    fed = fed_back(torch.tensor([SOS_ID, *ids], device=translator.device), decoder.output_dim)
    parts = _decoder_parts(decoder, fed, state, memory, layer)
    tokens = translator.target_tokenizer.tokens([SOS_ID, *ids], source.pieces)
    return _inside(tokens, find_cell(decoder.cell_type), [parts], decoder.n_layers)


def changed_units(values: Tensor) -> list[int]:
    """Return the units that changed most over the steps of `values [T, H]`, the one that changed most first.

    A unit's change is the sum of the absolute differences between neighbouring steps. Equal ones stand in their order.
    """
    changes = values.diff(dim=0).abs().sum(0)
    return changes.argsort(descending=True, stable=True)[:MOST_CHANGED].tolist()


def _check_layer(side: str, layer: int, layers: int) -> None:
    if not 0 <= layer < layers:
        raise ValueError(
            f"layer is {layer}, and the {side} has {counted(layers, 'layer')}, counted from 0: choose one of them"
        )


def _read_by_encoder(translator: Translator, source: EncodedSource) -> Tensor:
    """Return the ids that an encoder reads of a source, `[S, 1]`."""
    ids, _ = pad_sentences([source.ids])
    copying = translator.codec.copying
    return (ids if copying is None else copied_sources(ids, copying.table)[0]).to(translator.device)


def _translated(translator: Translator, text: str, settings: SearchSettings) -> Sequence[int]:
    """Return the ids of a text's translation, without `<eos>`."""
    (request,) = translator.texts.read([text], [""], [0], settings)
    if request.is_empty:
        return []
    ((best, *_),) = run_search(settings.method, translator.texts.engine(settings), search_inputs([request]))
    return best.ids


def _encoder_parts(encoder: Encoder, ids: Tensor, layer: int) -> list[Tensor]:
    """Return the parts of an encoder's layer for each direction, `[P, S, 1, H]`, from ids `[S]`."""
    cell, weights = find_cell(encoder.cell_type), stack_weights(encoder.rnn)
    start = zero_state(cell, encoder.rnn, 1)
    directions = 2 if encoder.bidirectional else 1
    inputs = encoder.embedding(ids[:, None])  # (S, 1, E)
    parts: list[Tensor] = []
    for index in range(0, directions * (layer + 1), directions):
        parts = [cell.watch(inputs, start.layer(index), weights[index])]
        if encoder.bidirectional:  # the other direction begins at the end
            backward = cell.watch(inputs.flip(0), start.layer(index + 1), weights[index + 1])
            parts.append(backward.flip(1))
        inputs = torch.cat([part[0] for part in parts], dim=2)  # (S, 1, H or 2 H)
    return parts


def _decoder_parts(decoder: Decoder, ids: Tensor, state: RecurrentState, memory: Memory | None, layer: int) -> Tensor:
    """Return the parts of a decoder's layer, `[P, T, 1, H]`, from ids `[T]` and the state that it starts from."""
    cell, below = find_cell(decoder.cell_type), decoder.rnn.num_layers
    weights: list[LayerWeights] = [*stack_weights(decoder.rnn)]
    for rnn in decoder.upper:
        weights += stack_weights(rnn)  # type: ignore[arg-type]
    inputs: Tensor = decoder.embedding(ids[:, None])  # (T, 1, E)
    parts, contexts = inputs, None
    for index in range(layer + 1):
        if index == below and decoder.attention is not None and memory is not None:
            compared = decoder.attention.compare(inputs.transpose(0, 1), memory)  # (1, T, S)
            contexts = read_memory(compared.softmax(dim=2), memory).transpose(0, 1)  # (T, 1, M)
        read = inputs if contexts is None else torch.cat([inputs, contexts], dim=2)
        parts = cell.watch(read, state.layer(index), weights[index])
        inputs = parts[0]
    return parts


def _inside(tokens: Sequence[str], cell: Cell, directions: Sequence[Tensor], layers: int) -> Inside:
    forward, *backward = (dict(zip(cell.parts, parts[:, :, 0].float().cpu(), strict=True)) for parts in directions)
    return Inside(tuple(tokens), forward, backward[0] if backward else None, layers)
