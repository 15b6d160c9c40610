"""Texts -> contexts: what a translator's encoder has in mind once it has read each of them."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from tandem.analysis.plane import Phrase, PlacedPhrase, Plane, measure_groups, nearest, principal_plane
from tandem.batches import pad_sentences
from tandem.models.cells import find_cell
from tandem.translation.translator import MAX_SOURCE_CHARACTERS, Translator, frame_source

_READ_TOGETHER = 256
_MOST_TOKENS = 1000
"""Of a text that are read, so that memory is bounded."""


class ContextReader:
    """Reads texts with a translator's encoder, an ensemble's first: `reader(texts)` gives a context for each."""

    def __init__(self, translator: Translator) -> None:
        model, self._recipe = translator.members[0]
        self._tokenizer = translator.source_tokenizer
        self._device = translator.device
        self._encoder = model.encoder.prepare(translator.dtype)

    @property
    def state(self) -> str:
        """What a context is, in words."""
        kind = "cells" if find_cell(self._recipe.model.cell).has_cell_state else "hidden states"
        return f"the encoder's final {kind}, all layers"

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """The final states of all layers, one after the other, on the CPU: `[N, L * H]` of float32, N the texts.

        Of an LSTM its cells, which remember; its hidden states are mostly what the last token made of them, and with
        a reversed source that is the first word.
        """
        found = self._tokenizer.encode_batch([text[:MAX_SOURCE_CHARACTERS] for text in texts])
        framed = [frame_source(ids[:_MOST_TOKENS], self._recipe) for ids in found]
        order = sorted(range(len(framed)), key=lambda n: len(framed[n]))
        rows: list[Tensor] = []
        for start in range(0, len(order), _READ_TOGETHER):
            source, lengths = pad_sentences([framed[n] for n in order[start : start + _READ_TOGETHER]])
            hidden, cell = self._encoder.read(source.to(self._device), lengths)  # each (L, B, H)
            memory = hidden if cell is None else cell
            rows += memory.float().cpu().transpose(0, 1).flatten(1)  # (L, B, H) -> B of (L * H)
        contexts: list[Tensor] = [row for _, row in sorted(zip(order, rows, strict=True), key=lambda pair: pair[0])]
        return torch.stack(contexts)


def context_plane(
    translator: Translator,
    model: str,
    phrases: Sequence[Phrase],
    translations: Sequence[str],
    texts: Iterable[str],
    texts_from: str,
    hear: Callable[[int], object] = lambda _: None,
) -> Plane:
    """Phrases in the plane of their contexts, each with its nearest neighbours among `texts`, each given once.

    `model` and `texts_from` are their names for a reader; `hear` is told how many texts were read.
    """
    read = ContextReader(translator)
    words = [phrase.text for phrase in phrases]
    contexts = read(words)
    places, variance = principal_plane(contexts)
    neighbours = nearest(words, texts, read, hear)
    placed = tuple(
        PlacedPhrase(phrase.text, phrase.group, translation, x, y, near)
        for phrase, translation, (x, y), near in zip(phrases, translations, places.tolist(), neighbours, strict=True)
    )
    grouping = measure_groups(contexts, [phrase.group for phrase in phrases])
    return Plane(model, read.state, placed, variance, texts_from, grouping)
