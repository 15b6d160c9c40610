"""Text to the ids that a model reads, framed, optionally reversed, and cut if too long; and ids to text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tandem.errors import TandemError
from tandem.text.copying import Copying, CopySource
from tandem.text.pipeline import EOS_ID, SOS_ID, UNK_ID
from tandem.text.tokenizer import Tokenizer

MAX_SOURCE_TOKENS = 1000  # a longer source is cut, which bounds the memory
MAX_SOURCE_CHARACTERS = 2**15  # a longer source is cut, even if it has few tokens, which can be of any length
LONGEST_OUTPUT = 2**18  # the most characters of an output: tokens can be long, and a model may repeat them
_ENCODED_TOGETHER = 64  # the number of sources whose tokens are in memory together before they are cut


class EncodedSource(NamedTuple):
    """A source as the encoder reads it."""

    ids: list[int]  # framed by `<sos>` and `<eos>`
    cut: bool  # whether the source was too long and only its beginning was read
    pieces: tuple[str, ...] = ()  # the text that a model can copy from each position, if it copies


def frame(ids: Sequence[int], *, reverse: bool = False) -> list[int]:
    """Return ids between `<sos>` and `<eos>`; `reverse` reverses their order (Sutskever et al. 2014, section 3.3)."""
    return [SOS_ID, *(reversed(ids) if reverse else ids), EOS_ID]


@dataclass(frozen=True)
class Codec:
    """Both tokenizers of a model, and the order in which it reads sources."""

    source: Tokenizer
    target: Tokenizer
    reverse_source: bool = False
    copying: Copying | None = None  # for a model that copies

    def encode_sources(self, texts: Sequence[str]) -> list[EncodedSource]:
        """Return each text as the encoder reads it."""
        encoded = []
        for start in range(0, len(texts), _ENCODED_TOGETHER):
            some = texts[start : start + _ENCODED_TOGETHER]
            each = self.source.encode_batch([text[:MAX_SOURCE_CHARACTERS] for text in some])
            for text, ids in zip(some, each, strict=True):
                cut = len(ids) > MAX_SOURCE_TOKENS or len(text) > MAX_SOURCE_CHARACTERS
                encoded.append(self._encoded_source(text[:MAX_SOURCE_CHARACTERS], ids[:MAX_SOURCE_TOKENS], cut))
        return encoded

    def text_order(self, length: int) -> list[int]:
        """Return the positions in a framed source of this length in the order of its text."""
        order = list(range(length))
        return [0, *reversed(order[1:-1]), length - 1] if self.reverse_source else order

    def _encoded_source(self, text: str, ids: list[int], cut: bool) -> EncodedSource:
        if self.copying is None:
            return EncodedSource(frame(ids, reverse=self.reverse_source), cut)
        read = self.copying.read(text, ids, reverse=self.reverse_source)
        return EncodedSource(read.ids, cut, read.pieces)

    def encode_targets(self, texts: Sequence[str], sources: Sequence[EncodedSource]) -> list[list[int]]:
        """Return the ids of each text as an output for its source."""
        encoded = self.target.encode_batch(texts)
        if self.copying is None:
            return encoded
        return [
            self.copying.write(text, ids, CopySource(source.ids, source.pieces))
            for text, ids, source in zip(texts, encoded, sources, strict=True)
        ]

    def encode_prefixes(self, texts: Sequence[str], sources: Sequence[EncodedSource]) -> list[list[int]]:
        """Return the ids that outputs must begin with. Raise TandemError for a text that the model cannot write."""
        encoded = self.encode_targets(texts, sources)
        for text, ids in zip(texts, encoded, strict=True):
            if UNK_ID in ids:
                unknown = ", ".join(map(repr, dict.fromkeys(self.target.unknown_pieces(text))))
                raise TandemError(
                    f"the prefix {text!r} contains {unknown}, which is not in the model's target vocabulary, so no "
                    "translation can begin with it. Give another prefix"
                )
        return encoded

    def unknown_pieces(self, text: str, source: EncodedSource) -> tuple[str, ...]:
        """Return the pieces of the part of a source that is read which the model does not know, each once, in order."""
        if not any(index in self.source.unknown_ids or index >= len(self.source) for index in source.ids):
            return ()
        pieces = self.source.unknown_pieces(text[:MAX_SOURCE_CHARACTERS], most=MAX_SOURCE_TOKENS)
        return tuple(dict.fromkeys(pieces))
