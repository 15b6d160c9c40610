"""The tasks of worker processes, each on a chunk of pairs: counting words, and encoding."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from tandem.text.bulk import Ids, Lengths
from tandem.text.copying import Copying
from tandem.text.counts import WordCounts, count_words
from tandem.text.features import bulk_encoder, count_parts, read_tokenizer
from tandem.text.normalisation import normalise
from tandem.text.pipeline import EOS_ID, SOS_ID, UNK_ID
from tandem.text.tokenizer import Tokenizer

Result = TypeVar("Result")


class Chunk(NamedTuple):
    """Pairs, as their sources and their targets."""

    sources: Sequence[str]
    targets: Sequence[str]


class Task(Protocol[Result]):
    """Work on chunks, independent of each other. All that travels between processes is JSON and flat arrays."""

    def run(self, chunk: Chunk) -> Result:
        """Return the result for a chunk."""

    def settings(self) -> Mapping[str, Any]:
        """Return, for JSON, all that makes the same task in another process."""

    def pack(self, result: Result) -> bytes:
        """Return a result as bytes."""

    def unpack(self, packed: bytes) -> Result:
        """Return the result that `pack` packed."""


def chance_rank(text: str, seed: int) -> bytes:
    """Return the sorting key of a text in a random order that depends only on the seed, on every machine."""
    return hashlib.sha256(f"{seed}\n{text}".encode("utf-8", "surrogatepass")).digest()


def first_by_chance(sizes: Mapping[str, int], seed: int, most: int) -> dict[str, int]:
    """Return the `most` entries whose texts are first in the order of `chance_rank`."""
    if len(sizes) <= most:
        return dict(sizes)
    if not most:
        return {}
    ranks = [chance_rank(text, seed) for text in sizes]
    last = sorted(ranks)[most - 1]
    return {text: size for (text, size), rank in zip(sizes.items(), ranks, strict=True) if rank <= last}


class Counted(NamedTuple):
    """The words of a chunk, and the number of pairs of each normalised source that is among the first by chance."""

    source: WordCounts
    target: WordCounts
    sizes: dict[str, int]


@dataclass(frozen=True)
class Counting:
    """Counts the words of both sides, and the pairs of the `most` sources that are first in a random order.

    Sources are compared as the model reads them: normalised, and in lower case if its source tokenizer lower-cases.
    """

    seed: int
    most: int
    lowercase: bool
    features: bool = False
    """Whether the words of features are counted apart from those of the sources (`count_parts`)."""

    def run(self, chunk: Chunk) -> Counted:
        """Count a chunk."""
        sizes: dict[str, int] = {}
        if self.most:
            sources = Counter(normalise(source, lowercase=self.lowercase) for source in chunk.sources)
            sizes = first_by_chance(sources, self.seed, self.most)
        source = count_parts(chunk.sources) if self.features else count_words(chunk.sources)
        return Counted(source, count_words(chunk.targets), sizes)

    def settings(self) -> dict[str, Any]:
        """Return the fields."""
        return dict(vars(self))

    def pack(self, result: Counted) -> bytes:
        """Return the counts as JSON."""
        return json.dumps(result, ensure_ascii=False).encode()

    def unpack(self, packed: bytes) -> Counted:
        """Return the counts from JSON."""
        (source, source_texts), (target, target_texts), sizes = json.loads(packed)
        return Counted(WordCounts(Counter(source), source_texts), WordCounts(Counter(target), target_texts), sizes)


class EncodedChunk(NamedTuple):
    """The pairs of a chunk that are not too long, as ids: each side concatenated, every sentence framed."""

    source: Ids
    source_lengths: Lengths
    target: Ids
    target_lengths: Lengths


class Encoding:
    """Encodes both sides, framed by `<sos>` and `<eos>`; pairs with a side of more than `max_tokens` are left out.

    With `copying` ids are extended (`text/copying.py`).
    """

    def __init__(
        self,
        source: Tokenizer,
        target: Tokenizer,
        *,
        reverse_source: bool,
        max_tokens: int | None,
        copying: bool = False,
    ) -> None:
        self._tokenizers = source, target
        self._encoders = bulk_encoder(source), bulk_encoder(target)
        self._reverse_source = reverse_source
        self._max_tokens = max_tokens
        self._copying = Copying(source, target) if copying else None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the task with these `settings`."""
        source, target = (read_tokenizer(settings[side], side) for side in ("source", "target"))
        return cls(source, target, **{name: settings[name] for name in ("reverse_source", "max_tokens", "copying")})

    def run(self, chunk: Chunk) -> EncodedChunk:
        """Encode a chunk."""
        source, source_lengths = self._encoders[0].encode(chunk.sources)
        target, target_lengths = self._encoders[1].encode(chunk.targets)
        kept = np.ones(len(source_lengths), dtype=bool)
        if self._max_tokens is not None:
            kept = (source_lengths <= self._max_tokens) & (target_lengths <= self._max_tokens)
        if self._copying is not None:
            spans = zip(_spans(source_lengths), _spans(target_lengths), kept, strict=True)
            for pair, (own, others, is_kept) in zip(zip(*chunk, strict=True), spans, strict=True):
                if is_kept and (UNK_ID in source[own] or UNK_ID in target[others]):
                    source[own], target[others] = self._extended(self._copying, *pair, source[own], target[others])
        return EncodedChunk(
            *_framed(source, source_lengths, kept, backwards=self._reverse_source),
            *_framed(target, target_lengths, kept, backwards=False),
        )

    def _extended(self, copying: Copying, text: str, written: str, ids: Ids, targets: Ids) -> tuple[Ids, Ids]:
        """Return the extended ids of a pair, the source's as they stand in the text, from the plain ones."""
        read = copying.read(text, ids.tolist(), reverse=self._reverse_source)
        extended = np.array(read.ids[1:-1], np.int32)
        target = np.array(copying.write(written, targets.tolist(), read), np.int32)
        return extended[::-1] if self._reverse_source else extended, target

    def settings(self) -> dict[str, Any]:
        """Return the JSON of the tokenizers and the other settings."""
        source, target = (tokenizer.to_json() for tokenizer in self._tokenizers)
        return {
            "source": source,
            "target": target,
            "reverse_source": self._reverse_source,
            "max_tokens": self._max_tokens,
            "copying": self._copying is not None,
        }

    def pack(self, result: EncodedChunk) -> bytes:
        """Return the number of sentences, the number of source tokens, and the arrays, as bytes."""
        head = np.array([len(result.source_lengths), len(result.source)], np.int64)
        return b"".join(part.tobytes() for part in (head, result.source_lengths, result.target_lengths, *result[::2]))

    def unpack(self, packed: bytes) -> EncodedChunk:
        """Return the arrays."""
        sentences, tokens = np.frombuffer(packed, np.int64, 2)
        lengths = np.frombuffer(packed, np.int64, 2 * sentences, offset=16)
        ids = np.frombuffer(packed, np.int32, offset=16 * (1 + sentences))
        return EncodedChunk(ids[:tokens], lengths[:sentences], ids[tokens:], lengths[sentences:])


TASKS: dict[str, Callable[[Mapping[str, Any]], Task[Any]]] = {
    "Counting": lambda settings: Counting(**settings),
    "Encoding": Encoding.of,
}
"""What makes a task from its settings, by the name of its class."""


def _spans(lengths: Lengths) -> list[slice]:
    """Return where each sentence lies in concatenated ids."""
    ends = np.cumsum(lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths.tolist(), strict=True)]


def _framed(ids: Ids, lengths: Lengths, kept: npt.NDArray[np.bool_], *, backwards: bool) -> tuple[Ids, Lengths]:
    """Return the kept sentences, framed by `<sos>` and `<eos>` and reversed if `backwards`, and their lengths."""
    inner = ids[np.repeat(kept, lengths)]
    inner_lengths = lengths[kept]
    ends = np.cumsum(inner_lengths + 2)
    framed = np.empty(len(inner) + 2 * len(inner_lengths), np.int32)
    framed[ends - inner_lengths - 2], framed[ends - 1] = SOS_ID, EOS_ID
    # Before token n of sentence s stand n tokens, s whole frames of two, and its own <sos>.
    positions = np.arange(len(inner)) + np.repeat(2 * np.arange(len(inner_lengths)) + 1, inner_lengths)
    if backwards:  # position p of a sentence that begins at b and ends before e becomes b + e - 1 - p
        positions = np.repeat(2 * ends - inner_lengths - 3, inner_lengths) - positions
    framed[positions] = inner
    return framed, inner_lengths + 2
