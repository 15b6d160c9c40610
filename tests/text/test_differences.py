import json

import pytest

from tandem.text import Tokenizer, TokenizerKind
from tandem.text.differences import vocabulary_difference

TEXTS = ["A dog runs.", "A cat sleeps.", "Two dogs run and run."]


@pytest.mark.parametrize("kind", ["word", "whitespace", "character", "bpe"])
def test_a_tokenizer_is_like_what_is_read_back_of_it(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    assert vocabulary_difference(tokenizer, tokenizer) is None
    assert vocabulary_difference(tokenizer, Tokenizer.from_json(tokenizer.to_json(), "a copy")) is None


def test_the_first_difference_is_told() -> None:
    words = Tokenizer.train("word", ["a b c"])
    for other, message in [
        (Tokenizer.train("whitespace", ["a b c"]), "of the kind word in the first, whitespace in the second"),
        (Tokenizer.train("word", ["a b c"], lowercase=True), "as they are in the first, lower-cased in the second"),
        (Tokenizer.train("word", ["a b"]), "token 6 is '▁c' in the first, missing in the second (7 and 6 tokens)"),
        (Tokenizer.train("word", ["a d e"]), "token 5 is '▁b' in the first, '▁d' in the second"),
    ]:
        assert message in str(vocabulary_difference(words, other))


def test_the_same_tokens_merged_otherwise_differ() -> None:
    pairs = Tokenizer.train("bpe", ["abab abab ab ab"])
    state = json.loads(pairs.to_json())
    assert len(state["model"]["merges"]) > 1
    state["model"]["merges"].reverse()
    reversed_merges = Tokenizer.from_json(json.dumps(state), "made")
    assert "merge 0 is of" in str(vocabulary_difference(pairs, reversed_merges))
    state["model"]["merges"].pop()
    assert "the merges number" in str(vocabulary_difference(pairs, Tokenizer.from_json(json.dumps(state), "made")))
