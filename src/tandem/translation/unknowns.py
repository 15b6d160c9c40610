"""What stands in an output for each word that the model could not write: the source word that it came from.

A model with attention looked at it (Jean et al. 2015, arXiv 1412.2007, section 3.3). Of one without, it is the word
whose embedding moves the unknown token's probability most.

Letters: `T` tokens of an output, `S` tokens of its source, `<sos>` and `<eos>` counted.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tandem.engines import Engine, FloatArray, Ids
from tandem.text import UNK_ID, normalise
from tandem.text.codec import MAX_SOURCE_CHARACTERS, Codec
from tandem.translation.messages import Replaced
from tandem.translation.scoring import in_pieces

_MOST_TOKENS = 2**13
"""The most tokens of sources and outputs that are looked at together."""
_MOST_OUTPUTS = 256


class Output(NamedTuple):
    """An output with unknown words."""

    row: int
    """Which source it belongs to."""
    rank: int
    """Its number among the outputs of its source."""
    ids: Ids


class UnknownWords:
    """Finds the source words of unknown words, and what a dictionary has for them."""

    def __init__(self, engine: Engine[Any], codec: Codec, dictionary: Mapping[str, str]) -> None:
        self._engine = engine
        self._codec = codec
        self._dictionary = dictionary

    def replaced(
        self, texts: Sequence[str], sources: Sequence[Ids], outputs: Sequence[Sequence[Ids]]
    ) -> list[list[tuple[Replaced, ...]]]:
        """Return what stands for the unknown words of each of the outputs of each text, whose ids are `sources`."""
        results: list[list[tuple[Replaced, ...]]] = [[()] * len(own) for own in outputs]
        unknown = [
            Output(row, rank, ids) for row, own in enumerate(outputs) for rank, ids in enumerate(own) if UNK_ID in ids
        ]
        spans = {row: self._codec.source.spans(texts[row][:MAX_SOURCE_CHARACTERS]) for row, *_ in unknown}
        sizes = [len(sources[one.row]) + len(one.ids) for one in unknown]
        for piece in in_pieces(sizes, _MOST_TOKENS, _MOST_OUTPUTS):
            batch = unknown[piece]
            for one, weights in zip(batch, self._looks([sources[one.row] for one in batch], batch), strict=True):
                order = self._codec.text_order(len(sources[one.row]))
                words = [int(row[order][1:-1].argmax()) for row in weights]
                results[one.row][one.rank] = tuple(
                    self._replaced(one.ids, token, texts[one.row], *spans[one.row][word])
                    for token, word in zip(_unknown_places(one.ids), words, strict=True)
                )
        return results

    def _looks(self, sources: Sequence[Ids], outputs: Sequence[Output]) -> Iterator[list[FloatArray]]:
        """Yield for each output how much each of its unknown tokens belongs to each token of its source, `[S]`."""
        targets = [one.ids for one in outputs]
        aligned = self._engine.align(self._engine.start(sources), np.arange(len(sources)), targets)
        if aligned is not None:
            for one, weights in zip(outputs, aligned, strict=True):
                yield list(weights[_unknown_places(one.ids)])
            return
        beginnings = [(n, one.ids[: place + 1]) for n, one in enumerate(outputs) for place in _unknown_places(one.ids)]
        moved: list[list[FloatArray]] = [[] for _ in outputs]
        sizes = [len(sources[n]) + len(ids) for n, ids in beginnings]
        for piece in in_pieces(sizes, _MOST_TOKENS, _MOST_OUTPUTS):
            batch = beginnings[piece]
            found = self._engine.influence([sources[n] for n, _ in batch], [ids for _, ids in batch])
            for (n, _), influence in zip(batch, found, strict=True):
                moved[n].append(influence)
        yield from moved

    def _replaced(self, ids: Ids, token: int, text: str, start: int, end: int) -> Replaced:
        """Return what stands for the unknown token of this number, whose source token has this place in the text."""
        source, target = self._codec.source, self._codec.target
        if target.kind == "word":
            start, end = _whole_word(text, start, end)
        elif target.kind == "whitespace" and source.kind in ("bpe", "character"):
            start, end = _between_spaces(text, start, end)
        word = text[start:end]
        shown = normalise(word)
        names = [word, shown, normalise(word, lowercase=True)] if source.lowercase else [word, shown]
        translated = next((self._dictionary[name] for name in names if name in self._dictionary), word)
        before = text[start - 1 : start].strip()
        # In "(word" the word has no space before it if the output has the bracket, too.
        spaced = not before or (
            _in_word(word[0]) and not (token and target.id_to_token(ids[token - 1]).endswith(before))
        )
        return Replaced(token, word, translated, spaced=spaced and target.kind == "word")


def _unknown_places(ids: Ids) -> list[int]:
    return [place for place, index in enumerate(ids) if index == UNK_ID]


def _whole_word(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the word that a token is a part of, or the punctuation or symbol that it is."""
    first = next((place for place in range(start, end) if _in_word(text[place])), None)
    if first is None:
        return start, end
    start = end = first
    while start > 0 and _in_word(text[start - 1]):
        start -= 1
    while end < len(text) and _in_word(text[end]):
        end += 1
    return start, end


def _between_spaces(text: str, start: int, end: int) -> tuple[int, int]:
    """Return what stands between white space around a token."""
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


def _in_word(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in "PS"
