"""Learns vocabularies from counts of words: the same texts give the same vocabulary in every process."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
from tokenizers import Tokenizer, pre_tokenizers, trainers

from tandem.text.counts import WordCounts
from tandem.text.pipeline import LONGEST_TOKEN, MARK, SPECIAL_TOKENS, TokenizerKind, assemble, byte_pairs, word_level

NO_LIMIT = 2**40
_TOGETHER = 10_000


def frequent_pieces(
    kind: TokenizerKind, counts: WordCounts, *, lowercase: bool, min_count: int, max_size: int
) -> list[str]:
    """Return the special tokens and the pieces seen at least `min_count` times, at most `max_size` tokens together.

    The most frequent pieces come first; equally frequent ones are in code point order.
    """
    seen = _piece_counts(kind, counts, lowercase=lowercase)
    ranked = sorted((piece for piece in seen if seen[piece] >= min_count), key=lambda piece: (-seen[piece], piece))
    return [*SPECIAL_TOKENS, *ranked][:max_size]


def frequent_pairs(
    counts: WordCounts, *, lowercase: bool, min_count: int, max_size: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the tokens and the merges of a byte-pair model.

    The characters seen at least `min_count` times come first. The rest of `max_size` is for merges of pairs seen at
    least `min_count` times.
    """
    pieces = _piece_counts("bpe", counts, lowercase=lowercase)
    alphabet = _alphabet(pieces, min_count=min_count, room=max_size - len(SPECIAL_TOKENS))
    # Each merge joins two symbols of a piece, which bounds the number of merges. The library reserves memory for the
    # requested number, even if fewer are possible.
    possible = len(alphabet) + sum(len(piece) - 1 for piece in pieces)
    trainer = trainers.BpeTrainer(
        vocab_size=min(max_size - len(SPECIAL_TOKENS), possible),
        min_frequency=min_count,
        show_progress=False,
        special_tokens=[],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
    )
    core = Tokenizer(byte_pairs([], []))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.train_from_iterator(_repeated(pieces), trainer)
    model = json.loads(core.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return [*SPECIAL_TOKENS, *tokens], [(left, right) for left, right in model["merges"]]


def _piece_counts(kind: TokenizerKind, counts: WordCounts, *, lowercase: bool) -> dict[str, int]:
    """Count the pieces of all words, except special tokens and pieces that are too long for a token."""
    words = list(counts.words)
    core = assemble(kind, lowercase, word_level([]))
    trainer = trainers.WordLevelTrainer(vocab_size=NO_LIMIT, min_frequency=0, show_progress=False, special_tokens=[])
    core.train_from_iterator(words, trainer)  # each word once, to learn which pieces exist
    encodings = core.encode_batch_fast(words)
    ids = np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int64)
    times = np.fromiter(counts.words.values(), np.int64, len(words))
    numbers = np.bincount(ids, np.repeat(times, [len(encoding) for encoding in encodings])).astype(np.int64)
    seen = {
        piece: int(numbers[index])
        for piece, index in core.get_vocab().items()
        if piece not in SPECIAL_TOKENS and len(piece) <= LONGEST_TOKEN
    }
    spaces = counts.words.total() - counts.texts
    return seen | {MARK: spaces} if kind == "character" and spaces else seen


def _repeated(pieces: Mapping[str, int]) -> Iterator[str]:
    """Yield texts that repeat each piece as often as it was counted, because the library accepts no counts."""
    together: list[str] = []
    room = _TOGETHER
    for piece, count in pieces.items():
        while count:
            times = min(count, room)
            together.append(" ".join([piece] * times))
            count, room = count - times, room - times
            if not room:
                yield " ".join(together)
                together, room = [], _TOGETHER
    yield " ".join(together)


def _alphabet(pieces: Mapping[str, int], *, min_count: int, room: int) -> list[str]:
    """Return the most frequent characters. The library would choose among equally frequent ones at random."""
    counts: Counter[str] = Counter()
    for piece, count in pieces.items():
        for character in piece:
            counts[character] += count
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    return [character for character in ranked if counts[character] >= min_count][:room]
