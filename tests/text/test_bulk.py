"""Many texts at once give the ids that each gives alone, and counts are what a vocabulary needs to know."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.text import SPECIAL_TOKENS, Tokenizer, TokenizerKind, bulk
from tandem.text.bulk import BulkEncoder
from tandem.text.counts import count_words
from tandem.text.pipeline import MARK, assemble, without_surrogates, word_level

KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)
every_kind = pytest.mark.parametrize("kind", KINDS)
pieces = st.sampled_from(
    [*SPECIAL_TOKENS, MARK, " ", "\n", "\x1c", "\x1f", "\x85", "\u2028", "\u3000", "\u0301", "e", "Wort", "\ud800", "."]
)
texts = st.lists(st.lists(pieces | st.text(st.characters(), max_size=3), max_size=6).map("".join), max_size=6)


@every_kind
@given(known=texts, seen=texts)
def test_many_texts_give_the_ids_that_each_gives_alone(kind: TokenizerKind, known: list[str], seen: list[str]) -> None:
    tokenizer = Tokenizer.train(kind, known)
    encoder = BulkEncoder(tokenizer)
    for together in (known, seen, seen[::-1]):
        ids, lengths = encoder.encode(together)
        expected = [tokenizer.encode(text) for text in together]
        assert ids.tolist() == [index for sentence in expected for index in sentence]
        assert lengths.tolist() == [len(sentence) for sentence in expected]


def test_a_table_that_has_grown_too_large_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_MOST_WORDS", 3)
    tokenizer = Tokenizer.train("word", ["a b c d e f"])
    encoder = BulkEncoder(tokenizer)
    for text in ("a b", "c d", "e f a", "b c d", "a"):
        assert encoder.encode([text])[0].tolist() == tokenizer.encode(text)
        assert len(encoder._words) <= 3 + 3


@pytest.mark.parametrize("kind", ["word", "whitespace", "character"])
@given(seen=texts)
def test_pieces_are_counted_as_the_pipeline_cuts_them(kind: TokenizerKind, seen: list[str]) -> None:
    """The vocabulary's order and its bound by `min_count` against the library's pieces, text by text."""
    core = assemble(kind, False, word_level([]))
    counts = Counter(
        piece
        for text in seen
        for piece, _ in core.pre_tokenizer.pre_tokenize_str(core.normalizer.normalize_str(without_surrogates(text)))
        if piece not in SPECIAL_TOKENS
    )
    for least in (1, 2):
        tokenizer = Tokenizer.train(kind, seen, min_count=least)
        expected = sorted((p for p in counts if counts[p] >= least), key=lambda p: (-counts[p], p))
        assert tokenizer.tokens(range(4, len(tokenizer))) == expected


@every_kind
@given(first=texts, second=texts)
def test_counts_of_two_parts_are_those_of_the_whole(kind: TokenizerKind, first: list[str], second: list[str]) -> None:
    added = count_words(first).add(count_words(second))
    assert added == count_words([*first, *second])
    assert Tokenizer.train(kind, added).to_json() == Tokenizer.train(kind, [*first, *second]).to_json()
