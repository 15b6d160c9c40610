"""BPE-dropout: what it leaves alone, what decides it, and that its chances are those of the paper's algorithm."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.batches import Batches
from tandem.errors import RecipeError
from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.text import EOS_ID, SOS_ID, Tokenizer, bpe_dropout
from tandem.text.bpe_dropout import BpeDropout, merged
from tandem.text.codec import frame

TEXTS = ["low lower lowest, slow slower slowest", "newer newest (new) low-cost", "wide wider widest; no!", "now we owe"]
TOKENIZER = Tokenizer.train("bpe", TEXTS * 3, max_size=60)
RANKS = {pair: rank for rank, pair in enumerate(TOKENIZER.merges())}

# Known words, words of known letters, and letters, spaces and signs that the tokenizer has never seen.
texts = st.lists(st.text("lowernst- ,(é\u3000ж", max_size=9) | st.sampled_from(" ".join(TEXTS).split())).map(" ".join)


def encoded(sentences: Sequence[str], *, reverse: bool = False) -> EncodedSide:
    ids = [frame(TOKENIZER.encode(text), reverse=reverse) for text in sentences]
    lengths = np.array([*map(len, ids)], np.int64)
    return EncodedSide.of(np.array([index for sentence in ids for index in sentence], np.int32), lengths)


def cut(dropout: BpeDropout, side: EncodedSide, rows: Sequence[int] | None = None, number: int = 1) -> list[list[int]]:
    """The sentences of these rows, cut anew."""
    chosen = np.arange(len(side)) if rows is None else np.array(rows)
    ids = np.concatenate([side.ids[side.offsets[row] : side.offsets[row + 1]] for row in chosen])
    flat, lengths = dropout.cut(ids, side.lengths_of(chosen), chosen, number)
    assert lengths.sum() == len(flat)
    return [part.tolist() for part in np.split(flat, np.cumsum(lengths)[:-1])]


@pytest.mark.parametrize("reverse", [False, True])
@settings(max_examples=30)
@given(st.lists(texts, min_size=1, max_size=4), st.sampled_from([1e-12, 0.3, 0.9]), st.integers(0, 9))
def test_the_text_stays_and_only_its_cut_changes(reverse: bool, sentences: list[str], rate: float, seed: int) -> None:
    side = encoded(sentences, reverse=reverse)
    dropout = BpeDropout(TOKENIZER, rate, seed, most=1000, backwards=reverse)
    for sentence, ids in zip(sentences, cut(dropout, side), strict=True):
        inner = ids[-2:0:-1] if reverse else ids[1:-1]
        assert (ids[0], ids[-1]) == (SOS_ID, EOS_ID)
        assert TOKENIZER.decode(inner) == TOKENIZER.decode(TOKENIZER.encode(sentence))
        assert rate > 0.1 or inner == TOKENIZER.encode(sentence)


@given(st.text("lowernst", min_size=1, max_size=12))
def test_with_no_merge_left_out_words_are_cut_as_the_tokenizer_cuts_them(word: str) -> None:
    ids = {token: TOKENIZER.token_to_id(token) for token in TOKENIZER.tokens(range(len(TOKENIZER)))}
    merges = {(ids[a], ids[b]): (rank, ids[a + b]) for (a, b), rank in RANKS.items()}
    symbols = [ids[character] for character in f"▁{word}"]
    assert merged(symbols, merges, 0.0, iter(lambda: 0.5, None)) == TOKENIZER.encode(word)  # type: ignore[arg-type]


def algorithm_1(word: str, rate: float, chance: random.Random) -> tuple[str, ...]:
    """Provilkov et al. 2020, Algorithm 1, step by step."""
    tokens = list(f"▁{word}")
    while True:
        possible = [(RANKS[pair], place) for place, pair in enumerate(pairwise(tokens)) if pair in RANKS]
        possible = [merge for merge in possible if chance.random() >= rate]
        if not possible:
            return tuple(tokens)
        _, place = min(possible)
        tokens[place : place + 2] = ["".join(tokens[place : place + 2])]


def test_the_chances_are_those_of_the_papers_algorithm() -> None:
    """Over many seeds, each of which has its own segmentations."""
    rate, draws, side = 0.3, 1000, encoded(["lowest"])
    chance = random.Random(1)
    expected = Counter(algorithm_1("lowest", rate, chance) for _ in range(10 * draws))
    found: Counter[tuple[str, ...]] = Counter()
    dropout = BpeDropout(TOKENIZER, rate, 1, most=99)
    for seed in range(draws):
        dropout._seed = seed  # making another takes far longer
        dropout._remembered.clear()
        found[tuple(TOKENIZER.tokens(cut(dropout, side)[0][1:-1]))] += 1
    assert len(expected) > 4
    for tokens in expected | found:
        share = expected[tokens] / (10 * draws)
        assert abs(found[tokens] / draws - share) < 5 * (share / draws) ** 0.5 + 2 / draws, tokens


def test_neither_batches_nor_memory_nor_what_came_before_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    side = encoded(TEXTS * 5)
    whole = cut(BpeDropout(TOKENIZER, 0.4, 1, most=99), side)
    assert len({tuple(ids) for ids in whole[:: len(TEXTS)]}) > 1  # the same sentence at other places
    monkeypatch.setattr(bpe_dropout, "_MOST_REMEMBERED", 2)
    dropout = BpeDropout(TOKENIZER, 0.4, 1, most=99)
    for rows in ([7], [3, 7, 19, 0], list(range(19, -1, -1))):
        assert cut(dropout, side, rows) == [whole[row] for row in rows]
    assert len(dropout._remembered) <= 2
    assert cut(dropout, side, number=2) != whole
    assert cut(BpeDropout(TOKENIZER, 0.4, 2, most=99), side) != whole


def test_a_sentence_that_would_become_too_long_stays_as_it_is() -> None:
    side = encoded(TEXTS * 9)
    plain = [side.ids[a:b].tolist() for a, b in zip(side.offsets, side.offsets[1:], strict=False)]
    free, bound = (cut(BpeDropout(TOKENIZER, 0.3, 1, most=most), side) for most in (999, 16))
    assert bound == [new if len(new) <= 18 else old for new, old in zip(free, plain, strict=True)]
    changed = sum(new != old for new, old in zip(bound, plain, strict=True))
    assert 0 < changed < sum(new != old for new, old in zip(free, plain, strict=True))


def test_a_tokenizer_without_merges_is_refused() -> None:
    words = Tokenizer.train("word", TEXTS)
    assert words.merges() == []
    with pytest.raises(RecipeError, match=r"needs merges, and a tokenizer of the kind word has none: use bpe"):
        BpeDropout(words, 0.1, 1, most=9)


def test_batches_are_a_function_of_seed_and_epoch_whoever_assembles_them() -> None:
    sides = encoded(TEXTS * 6), encoded(list(reversed(TEXTS)) * 6)

    def batches(workers: int) -> Batches:
        source, target = (BpeDropout(TOKENIZER, 0.2, seed, most=99) for seed in (2, 3))
        return Batches(
            EncodedCorpus(*sides), 5, 1, workers=workers, passes=2, source_dropout=source, target_dropout=target
        )

    whole = [[part.tolist() for part in batch[:4]] for batch in batches(0).epoch(2)]
    for workers, first in ((1, 0), (3, 0), (2, 7)):
        found = [[part.tolist() for part in batch[:4]] for batch in batches(workers).epoch(2, first)]
        assert found == whole[first:]
    assert len(whole) == 10
    plain = Batches(EncodedCorpus(*sides), 5, 1, passes=2).epoch(2)
    assert [len(batch.source) for batch in plain] <= [len(source) for source, *_ in whole]
