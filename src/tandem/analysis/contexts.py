"""Texts -> contexts: the states of a translator's encoder after it has read each text."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from tandem.analysis.plane import Phrase, PlacedPhrase, Plane, measure_groups, nearest, principal_plane
from tandem.batches import pad_sentences
from tandem.models.cells import find_cell
from tandem.text.codec import MAX_SOURCE_CHARACTERS, frame
from tandem.translation.translator import Translator

_READ_TOGETHER = 256
_MOST_TOKENS = 1000  # The number of tokens that are read of a text, so that memory is bounded


class ContextReader:
    """Reads texts with the encoder of a translator (of an ensemble, the first): `reader(texts)` returns contexts."""

    def __init__(self, translator: Translator) -> None:
        model, self._recipe = translator.members[0]
        self._tokenizer = translator.source_tokenizer
        self._device = translator.device
        self._dtype = translator.dtype
        self._weights = model.encoder.state_dict()
        self._encoder = model.encoder.prepare(translator.dtype)

    @property
    def state(self) -> str:
        """What a context consists of, in words."""
        kind = "cells" if find_cell(self._recipe.model.cell).has_cell_state else "hidden states"
        return f"the encoder's final {kind}, all layers"

    def digest(self) -> str:
        """Return a SHA-256 of all that contexts follow from: the encoder's weights and how texts are read."""
        sums = hashlib.sha256(self._tokenizer.to_json().encode())
        sums.update(f"{self._recipe.text.reverse_source} {self._recipe.model.cell} {self._dtype}".encode())
        for name, weight in sorted(self._weights.items()):
            sums.update(f"{name} {list(weight.shape)}".encode())
            sums.update(weight.detach().cpu().contiguous().numpy().tobytes())
        return sums.hexdigest()

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Return the final states of all layers, concatenated, on the CPU: `[N, L * H]` of float32 for N texts.

        For an LSTM these are the cells, which remember. The hidden states depend mostly on the last token, which is the
        first word of a reversed source.
        """
        encoded = self._tokenizer.encode_batch([text[:MAX_SOURCE_CHARACTERS] for text in texts])
        framed = [frame(ids[:_MOST_TOKENS], reverse=self._recipe.text.reverse_source) for ids in encoded]
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
    on_progress: Callable[[int], object] = lambda _: None,
) -> Plane:
    """Place phrases in the plane of their contexts, each with its nearest neighbours among the distinct `texts`.

    `model` and `texts_from` name the model and the texts for a reader. `on_progress` gets the number of texts read so
    far.
    """
    read = ContextReader(translator)
    words = [phrase.text for phrase in phrases]
    contexts = read(words)
    points, variance = principal_plane(contexts)
    neighbours = nearest(words, texts, read, on_progress)
    placed = tuple(
        PlacedPhrase(phrase.text, phrase.group, translation, x, y, near)
        for phrase, translation, (x, y), near in zip(phrases, translations, points.tolist(), neighbours, strict=True)
    )
    grouping = measure_groups(contexts, [phrase.group for phrase in phrases])
    return Plane(model, read.state, placed, variance, texts_from, grouping)
