"""Copying: the ids in an output of the pieces of its source, whether or not the vocabularies contain them.

An output of a model that copies has extended ids. A token of the target vocabulary, of V tokens, has its own id, and
V + i is the piece that occurs first at position i of the source, in the order in which the encoder reads it.

A source has extended ids, too, which describe the text of pieces that the source vocabulary, of S tokens, lacks. Such
an id is S plus the number of the piece. The number is the target id of its text; or, if there is none, V + k, where
k < S is the first source token with that text; or else V + S + i, for position i. In one source, equal texts have equal
numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tandem.text.pipeline import EOS_ID, MARK, SOS_ID, SPECIAL_TOKENS, UNK_ID
from tandem.text.tokenizer import Tokenizer

IntArray = npt.NDArray[np.int64]

NEVER = -1
"""The number of tokens that are never copied: special tokens and padding."""


@dataclass(frozen=True)
class CopyTable:
    """The number of each source token, which tells a model what it may copy."""

    numbers: IntArray
    """For each source id: the target id of its text; if there is none, a number from `target_size` on; or `NEVER`."""
    target_size: int

    def numbers_of(self, ids: IntArray) -> IntArray:
        """Return the numbers of extended source ids, of any shape."""
        size = len(self.numbers)
        return np.where(ids < size, self.numbers[np.minimum(ids, size - 1)], ids - size)

    def read_by_encoder(self, ids: IntArray) -> IntArray:
        """Return extended source ids with `<unk>` for tokens that the source vocabulary lacks."""
        return np.where(ids < len(self.numbers), ids, UNK_ID)


class CopySource(NamedTuple):
    """A source of a model that copies."""

    ids: list[int]
    """Extended, framed, and in the order in which the encoder reads them."""
    pieces: tuple[str, ...]
    """The text of each position as an output has it; empty if it is never copied."""


class Copying:
    """Both tokenizers of a model that copies."""

    def __init__(self, source: Tokenizer, target: Tokenizer) -> None:
        self._source = source
        self._target = target
        self._written = [self._as_written(token) for token in source.tokens(range(len(source)))]
        self._firsts: dict[str, int] = {}
        """For each text that the target vocabulary lacks, the first source token with that text."""
        numbers = []
        for index, text in enumerate(self._written):
            known = target.token_to_id(text)
            if not text:
                numbers.append(NEVER)
            else:
                numbers.append(len(target) + self._firsts.setdefault(text, index) if known is None else known)
        self.table = CopyTable(np.array(numbers, np.int64), len(target))

    def read(self, text: str, ids: Sequence[int], *, reverse: bool) -> CopySource:
        """Return the source for a text; `ids` are the plain ids of the text or of its beginning."""
        pieces = [self._written[index] for index in ids]
        if UNK_ID in ids:
            for place, (index, piece) in enumerate(self._source.pieces(text)[: len(ids)]):
                if index == UNK_ID:
                    pieces[place] = self._as_written(piece)
        both = list(zip(ids, pieces, strict=True))
        places: dict[str, int] = {}
        extended = [
            self._extended(piece, places.setdefault(piece, place)) if index == UNK_ID and piece else index
            for place, (index, piece) in enumerate(reversed(both) if reverse else both, 1)
        ]
        inner = reversed(pieces) if reverse else pieces
        return CopySource([SOS_ID, *extended, EOS_ID], ("", *inner, ""))

    def write(self, text: str, ids: Sequence[int], source: CopySource) -> list[int]:
        """Return the extended ids of a target; `ids` are its plain ids."""
        if UNK_ID not in ids:
            return list(ids)
        places: dict[str, int] = {}
        for place, piece in enumerate(source.pieces):
            places.setdefault(piece, place)
        return [
            len(self._target) + places[piece] if index == UNK_ID and piece in places else index
            for index, piece in self._target.pieces(text)[: len(ids)]
        ]

    def _extended(self, piece: str, place: int) -> int:
        sizes = len(self._source), len(self._target)
        known = self._target.token_to_id(piece)
        if known is not None:
            return sizes[0] + known
        if piece in self._firsts:
            return sum(sizes) + self._firsts[piece]
        return sum(sizes) + sizes[0] + place

    def _as_written(self, piece: str) -> str:
        """Return a piece of a source as the target tokenizer would write it; "" for a special token."""
        if piece in SPECIAL_TOKENS:
            return ""
        if self._target.lowercase and not self._source.lowercase:
            piece = piece.replace("Σ", "σ").lower()
        if self._source.kind != self._target.kind:
            if self._target.kind == "whitespace":
                piece = piece.removeprefix(MARK)
            elif self._source.kind == "whitespace":
                piece = MARK + piece.replace(MARK, "_")
        return "" if piece in SPECIAL_TOKENS else piece
