"""Which tokens a tokenizer knows: learnt from texts, the same for the same texts in every process."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import trainers

from tandem.text.pipeline import (
    SPECIAL_TOKENS,
    TokenizerKind,
    assemble,
    byte_pairs,
    without_surrogates,
    word_level,
)

NO_LIMIT = 2**40


def frequent_pieces(
    kind: TokenizerKind, texts: Iterable[str], *, lowercase: bool, min_count: int, max_size: int
) -> list[str]:
    """The special tokens, then the pieces seen at least `min_count` times, `max_size` tokens in all.

    The most frequent come first, equally frequent ones in code point order.
    """
    core = assemble(kind, lowercase, word_level([]))
    trainer = trainers.WordLevelTrainer(
        vocab_size=NO_LIMIT, min_frequency=min_count, show_progress=False, special_tokens=[]
    )
    core.train_from_iterator(map(without_surrogates, texts), trainer)
    ids = core.get_vocab()
    pieces = [piece for piece in sorted(ids, key=ids.__getitem__) if piece not in SPECIAL_TOKENS]
    return [*SPECIAL_TOKENS, *pieces][:max_size]


def frequent_pairs(
    texts: Iterable[str], *, lowercase: bool, min_count: int, max_size: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """The tokens and the merges of a byte-pair model.

    The characters seen at least `min_count` times come first; what room is left in `max_size` goes to
    merges of pairs seen at least `min_count` times. Texts that are not a sequence are held in memory,
    because they are read twice.
    """
    texts = texts if isinstance(texts, Sequence) else list(texts)
    alphabet = _alphabet(texts, lowercase=lowercase, min_count=min_count, room=max_size - len(SPECIAL_TOKENS))
    trainer = trainers.BpeTrainer(
        vocab_size=max_size - len(SPECIAL_TOKENS),
        min_frequency=min_count,
        show_progress=False,
        special_tokens=[],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
    )
    core = assemble("bpe", lowercase, byte_pairs([], []))
    core.train_from_iterator(map(without_surrogates, texts), trainer)
    model = json.loads(core.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return [*SPECIAL_TOKENS, *tokens], [(left, right) for left, right in model["merges"]]


def _alphabet(texts: Iterable[str], *, lowercase: bool, min_count: int, room: int) -> list[str]:
    """Characters by falling count; chosen here since the library cuts equally frequent ones at random."""
    normaliser = assemble("bpe", lowercase, byte_pairs([], [])).normalizer
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(normaliser.normalize_str(without_surrogates(text)))
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    return [character for character in ranked if counts[character] >= min_count][:room]
