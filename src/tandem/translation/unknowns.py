"""Replaces each unknown token of an output by the source word that it stands for.

That is the word whose influence on the unknown token is largest. Attention is not used, even if there is some: it may
rest on neighbouring words, or on the end of the sentence.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tandem.engines import Engine, Ids
from tandem.text import UNK_ID, normalise
from tandem.text.codec import MAX_SOURCE_CHARACTERS, Codec
from tandem.translation.messages import Replaced
from tandem.translation.scoring import in_pieces

_MOST_TOKENS = 2**13
"""The most tokens of sources and outputs that are processed together."""
_MOST_TOGETHER = 256


class Unknown(NamedTuple):
    """An unknown token of an output."""

    row: int
    """The number of its source."""
    rank: int
    """The number of its output among those of the source."""
    ids: Ids
    token: int


class UnknownWords:
    """Finds the source words of unknown tokens, and looks them up in a dictionary."""

    def __init__(self, engine: Engine[Any], codec: Codec, dictionary: Mapping[str, str]) -> None:
        self._engine = engine
        self._codec = codec
        self._dictionary = dictionary

    def replaced(
        self, texts: Sequence[str], sources: Sequence[Ids], outputs: Sequence[Sequence[Ids]]
    ) -> list[list[tuple[Replaced, ...]]]:
        """Return the replacements for the unknown tokens of each output of each text; `sources` are the texts' ids."""
        results: list[list[tuple[Replaced, ...]]] = [[()] * len(own) for own in outputs]
        unknown = [
            Unknown(row, rank, ids, token)
            for row, own in enumerate(outputs)
            for rank, ids in enumerate(own)
            for token, index in enumerate(ids)
            if index == UNK_ID
        ]
        rows = dict.fromkeys(one.row for one in unknown)
        spans = {row: self._codec.source.spans(texts[row][:MAX_SOURCE_CHARACTERS]) for row in rows}
        sizes = [len(sources[one.row]) + one.token + 1 for one in unknown]
        for piece in in_pieces(sizes, _MOST_TOKENS, _MOST_TOGETHER):
            batch = unknown[piece]
            beginnings = [one.ids[: one.token + 1] for one in batch]
            found = self._engine.influence([sources[one.row] for one in batch], beginnings)
            for one, influence in zip(batch, found, strict=True):
                order = self._codec.text_order(len(influence))
                word = int(influence[order][1:-1].argmax())
                results[one.row][one.rank] += (self._replaced(one, texts[one.row], *spans[one.row][word]),)
        return results

    def _replaced(self, unknown: Unknown, text: str, start: int, end: int) -> Replaced:
        """Return the replacement for an unknown token whose source token is at `start` to `end` of the text."""
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
        # In "(word", the word follows without a space if the output has the bracket as well.
        previous = unknown.ids[unknown.token - 1] if unknown.token else len(target)
        written = target.id_to_token(previous) if previous < len(target) else ""
        spaced = not before or (_in_word(word[0]) and not written.endswith(before))
        return Replaced(unknown.token, word, translated, spaced=spaced and target.kind == "word")


def _whole_word(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the range of the word that a token is part of, or of the punctuation that it is."""
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
    """Return the range around a token up to the nearest white space on both sides."""
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


def _in_word(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in "PS"
