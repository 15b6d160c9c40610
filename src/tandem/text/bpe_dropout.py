"""BPE-dropout: a word is segmented differently each time it is trained on (Provilkov et al. 2020, arXiv 1910.13267)."""

import hashlib
import struct
import sys
import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tandem.errors import RecipeError
from tandem.text.bulk import Ids, Lengths
from tandem.text.pipeline import MARK, SPECIAL_TOKENS
from tandem.text.tokenizer import Tokenizer

Merges: TypeAlias = Mapping[tuple[int, int], tuple[int, int]]
"""For each pair of ids that can be merged: its rank, the lowest of which is merged first, and the id of the result."""

_NO_MERGE = sys.maxsize, 0
_VARIANTS = 32
"""The number of segmentations that a word has besides its plain one."""
_MOST_REMEMBERED = 2**18
"""The most segmentations in the cache, about 40 MB. The cache is emptied when it is full."""
_LONGEST_REMEMBERED = 4 * 64
"""The most bytes of the ids of a piece in the cache. Longer pieces rarely occur again."""


class BpeDropout:
    """Segments encoded sentences again, with merges left out at random.

    Segmentation number k of a word is a function of (seed, word, k), and the number k that a word has at a place of the
    corpus is a function of (seed, pass, place). So neither threads, nor batches, nor earlier calls change the result.
    """

    def __init__(self, tokenizer: Tokenizer, rate: float, seed: int, *, most: int, backwards: bool = False) -> None:
        """Prepare to leave out each merge with probability `rate`.

        A sentence that would then have more than `most` ids, without `<sos>` and `<eos>`, stays as it is. With
        `backwards`, the ids of a sentence are in reverse order. Raise RecipeError for a tokenizer without merges.
        """
        if tokenizer.kind != "bpe":
            raise RecipeError(
                f"BPE-dropout needs merges, and a tokenizer of the kind {tokenizer.kind} has none: use bpe"
            )
        self._tokens = tokenizer.tokens(range(len(tokenizer)))
        self._ids = {token: index for index, token in enumerate(self._tokens)}
        self._merges: Merges = {
            (self._ids[left], self._ids[right]): (rank, self._ids[left + right])
            for rank, (left, right) in enumerate(tokenizer.merges())
        }
        self._rate = rate
        self._seed = seed
        self._most = most + 2
        self._backwards = backwards
        special = np.array([token in SPECIAL_TOKENS for token in self._tokens])
        # A piece of a text begins at the tokens in `_begins`, and after those in `_ends`. No merge crosses its borders.
        self._begins = special | np.array([token.startswith(MARK) for token in self._tokens])
        self._ends = special | np.array([unicodedata.category(token[-1])[0] in "PS" for token in self._tokens])
        self._merges_of = np.where(special, 0, np.array([len(token) - 1 for token in self._tokens]))
        self._remembered: dict[bytes, bytes] = {}

    def cut(self, ids: Ids, lengths: Lengths, rows: Lengths, number: int) -> tuple[Ids, Lengths]:
        """Segment framed sentences again: their concatenated `ids`, with the number of ids in each.

        `rows` are their numbers in the corpus, and `number` is that of the pass through it. Together with the place in
        the sentence, these decide which segmentation each piece has.
        """
        if self._backwards:
            ids, lengths, rows = ids[::-1], lengths[::-1], rows[::-1]
        is_first = self._begins[ids]
        is_first[1:] |= self._ends[ids[:-1]]
        first = np.flatnonzero(is_first)
        bounds = np.append(first, len(ids))
        starts = np.cumsum(lengths) - lengths
        sentence = np.searchsorted(starts, first, side="right") - 1
        chance = _mixed(_mixed(_mixed(self._seed, number), rows)[sentence], first - starts[sentence])
        # A piece stays unchanged if no merge of it is left out. The upper 53 bits of `chance` are a number in [0, 1).
        unchanged = (1 - self._rate) ** np.add.reduceat(self._merges_of[ids], first)
        changed = np.flatnonzero((chance >> np.uint64(11)) * 2.0**-53 >= unchanged)
        variants = (chance[changed] % np.uint64(_VARIANTS)).tolist()
        data = ids.astype(np.int32).tobytes()
        spans = list(zip((4 * bounds[changed]).tolist(), (4 * bounds[changed + 1]).tolist(), strict=True))
        pieces = [self._segmentation(data[a:b], k) for (a, b), k in zip(spans, variants, strict=True)]
        growth = np.array([len(piece) - b + a for piece, (a, b) in zip(pieces, spans, strict=True)], np.int64) // 4
        grown = np.bincount(sentence[changed], growth, len(lengths)).astype(np.int64)
        fits = lengths + grown <= self._most
        parts: list[bytes] = []
        done = 0
        for piece, (start, end), fit in zip(pieces, spans, fits[sentence[changed]].tolist(), strict=True):
            if fit:
                parts += data[done:start], piece
                done = end
        cut, cut_lengths = np.frombuffer(b"".join((*parts, data[done:])), np.int32), lengths + grown * fits
        return (cut[::-1], cut_lengths[::-1]) if self._backwards else (cut, cut_lengths)

    def _segmentation(self, piece: bytes, number: int) -> bytes:
        """Return segmentation `number` of a piece, with at least one merge left out; both are ids as bytes."""
        key = piece + number.to_bytes()
        result = self._remembered.get(key)
        if result is None:
            result = self._drawn([*memoryview(piece).cast("i")], number)
            if len(piece) <= _LONGEST_REMEMBERED:
                if len(self._remembered) >= _MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[key] = result
        return result

    def _drawn(self, ids: Sequence[int], number: int) -> bytes:
        text = "".join([self._tokens[index] for index in ids])
        chance = _numbers(f"{self._seed} {number} {text}")
        # Draw the number of merges before the first one that is left out, given that at least one is left out: their
        # probabilities are rate (1 - rate)^k, which are subtracted from a number below their sum.
        rest, before = next(chance) * (1 - (1 - self._rate) ** (len(text) - len(ids))), 0
        while (rest := rest - self._rate * (1 - self._rate) ** before) >= 0 and before < len(text) - len(ids) - 1:
            before += 1
        symbols = [self._ids[character] for character in text]
        return array("i", merged(symbols, self._merges, self._rate, chain([1.0] * before, [0.0], chance))).tobytes()


def merged(symbols: Sequence[int], merges: Merges, rate: float, chance: Iterator[float]) -> list[int]:
    """Merge symbols as BPE does, but leave out each possible merge at each step with probability `rate`.

    This is Algorithm 1 of Provilkov et al.: a step draws for each possible merge whether it is left out, and makes the
    best of the others; if there is none, the word is done. Here, merges are tried from the best on, and numbers from 0
    to 1 are taken from `chance` only up to the first merge that is not left out, which is equivalent.
    """
    symbols = list(symbols)
    possible = [merges.get(pair, _NO_MERGE) for pair in pairwise(symbols)]
    left_out = []
    while possible and (best := min(possible)) is not _NO_MERGE:
        place = possible.index(best)
        if next(chance) < rate:
            left_out.append((place, best))
            possible[place] = _NO_MERGE
            continue
        for other, merge in left_out:  # the next step draws again
            possible[other] = merge
        left_out.clear()
        symbols[place : place + 2] = [best[1]]
        del possible[place]
        if place:
            possible[place - 1] = merges.get((symbols[place - 1], best[1]), _NO_MERGE)
        if place < len(possible):
            possible[place] = merges.get((best[1], symbols[place + 1]), _NO_MERGE)
    return symbols


def _numbers(name: str) -> Iterator[float]:
    """Yield numbers in [0, 1) that depend only on the name, on every machine."""
    sums, size, done = hashlib.shake_128(name.encode()), 64, 0
    while True:
        for number in struct.unpack_from(f"<{(size - done) // 4}I", sums.digest(size), done):
            yield number / 2**32
        size, done = 4 * size, size


def _mixed(state: npt.NDArray[np.uint64] | int, more: npt.NDArray[np.int64] | int) -> npt.NDArray[np.uint64]:
    """Mix numbers into a state, so that all bits of the result depend on all bits of both (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        mixed = np.asarray(state, np.uint64) + (np.asarray(more, np.uint64) + np.uint64(1)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
