"""Corpora are read, split, cut and encoded as the recipe says, and what was left out is told."""

from pathlib import Path

import pytest

from tandem.data.pairs import Pair
from tandem.errors import CorpusError
from tandem.recipe import Data, FilesCorpus
from tandem.run.prepare import GivenPairs, TextPairs, prepare, read_pairs
from tandem.text import EOS_ID, SOS_ID
from tests.support.runs import number_pairs, tiny_recipe

PAIRS = [Pair(*pair) for pair in number_pairs(30)]


def texts(train: list[Pair], validation: list[Pair] | None = None) -> TextPairs:
    return TextPairs(train, validation or train[:2], [])


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_encoded_is_the_pairs_framed_and_reversed_where_asked(reverse: bool, tmp_path: Path) -> None:
    recipe = tiny_recipe(f"text.reverse_source={str(reverse).lower()}", "training.batch_size=4")
    corpus = prepare(recipe, texts(PAIRS), tmp_path, None)
    found = set()
    for batch in corpus.train.epoch(1):
        for column in range(batch.source.shape[1]):
            source = batch.source[: batch.source_lengths[column], column].tolist()
            target = batch.target[: batch.target_lengths[column], column].tolist()
            assert (source[0], source[-1], target[0], target[-1]) == (SOS_ID, EOS_ID, SOS_ID, EOS_ID)
            inner = source[1:-1][::-1] if reverse else source[1:-1]
            found.add((corpus.source_tokenizer.decode(inner), corpus.target_tokenizer.decode(target[1:-1])))
    assert found == set(PAIRS)


def test_pairs_with_too_many_tokens_are_left_out_and_counted(tmp_path: Path) -> None:
    corpus = prepare(tiny_recipe("data.max_tokens=3"), texts(PAIRS), tmp_path, None)
    long = sum(len(pair.source.split()) > 3 for pair in PAIRS)
    assert 0 < long < len(PAIRS)
    said = f"dropped {long} of 30 training pairs, with more than 3 tokens on a side (data.max_tokens)"
    assert said in corpus.messages
    assert any(message.startswith(f"{30 - long} training pairs in ") for message in corpus.messages)


@pytest.mark.parametrize("pair", [("eins zwei drei vier", "one"), ("eins", "one two three four")])
def test_either_side_may_be_too_long(pair: tuple[str, str], tmp_path: Path) -> None:
    corpus = prepare(tiny_recipe("data.max_tokens=3"), texts([Pair("eins", "one"), Pair(*pair)]), tmp_path, None)
    assert len(corpus.train.corpus) == 1


def test_nothing_left_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    pairs = [Pair("eins zwei drei", "one two three")]
    with pytest.raises(CorpusError, match=r"each of the 1 train pairs has more than 2 tokens .*raise data\.max_tokens"):
        prepare(tiny_recipe("data.max_tokens=2"), texts(pairs), tmp_path, None)


def test_given_tokenizers_are_used_as_they_are(tmp_path: Path) -> None:
    first = prepare(tiny_recipe(), texts(PAIRS), tmp_path / "a", None)
    tokenizers = first.source_tokenizer, first.target_tokenizer
    second = prepare(tiny_recipe(), texts([Pair("neu", "new")]), tmp_path / "b", tokenizers)
    assert (second.source_tokenizer, second.target_tokenizer) == tokenizers


def test_validation_is_carved_off_by_source_and_told() -> None:
    data = Data.model_validate({"train": {"kind": "memory"}, "validation_fraction": 0.2})
    train, validation, messages = read_pairs(data, 1, GivenPairs(PAIRS))
    assert sorted([*train, *validation]) == sorted(PAIRS)
    assert not {pair.source for pair in train} & {pair.source for pair in validation}
    assert len(validation) == 6
    assert messages == ["validation: 6 of the pairs, carved off by source; 24 to train on"]
    assert read_pairs(data, 1, GivenPairs(PAIRS)) == (train, validation, messages)


def test_faulty_pairs_are_dropped_and_counted_or_stop_it(tmp_path: Path) -> None:
    for name, content in (("a", "eins\n\ndrei\n"), ("b", "one\ntwo\nthree\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    files = FilesCorpus(source="a", target="b")
    data = Data(train=files, validation=files, folder=str(tmp_path))
    train, _, messages = read_pairs(data, 1)
    assert train == [("eins", "one"), ("drei", "three")]
    assert messages[0].startswith("a and b: dropped 1 of 3 pairs: 1 with an empty side")
    with pytest.raises(CorpusError, match="line 2: the text is empty"):
        read_pairs(data.model_copy(update={"on_error": "stop"}), 1)
