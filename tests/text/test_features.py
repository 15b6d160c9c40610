"""Sources with features: two tokenizers as one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import CheckpointError
from tandem.tabs import join_features, split_features
from tandem.text import UNK_ID, Tokenizer
from tandem.text.bulk import BulkEncoder
from tandem.text.counts import count_words
from tandem.text.differences import vocabulary_difference
from tandem.text.features import FeaturesTokenizer, bulk_encoder, count_parts, divide, normalise_source, read_tokenizer

LETTERS = Tokenizer.train("character", ["git gel at", "ağaç"])
TAGS = Tokenizer.train("tags", ["V;PST", "N|DAT,PL", "V+PRS 3"])
BOTH = FeaturesTokenizer(LETTERS, TAGS)
TEXTS = st.lists(st.text("git aq\tV;PST|x\x1c", max_size=12), max_size=5)


def test_a_text_is_its_source_and_its_features() -> None:
    assert split_features("git\tV;PST") == ("git", "V;PST")
    assert split_features("git") == ("git", "")
    assert split_features("git\tV\tPST") == ("git", "V\tPST")
    assert join_features("git", "V;PST") == "git\tV;PST"
    assert [join_features("git", blank) for blank in ("", " ", "\t")] == ["git"] * 3
    assert join_features("a\tb", "V") == "a b\tV"  # the first tab is that before the features
    assert join_features(" ", "V") == " "  # features alone are no source


@settings(max_examples=30)
@given(TEXTS)
def test_ids_of_features_lie_behind_those_of_the_source(texts: list[str]) -> None:
    for text, ids in zip(texts, BOTH.encode_batch(texts), strict=True):
        source, features = split_features(text)
        assert ids == [*LETTERS.encode(source), *(index + len(LETTERS) for index in TAGS.encode(features))]
        assert BOTH.encode(text) == ids
    assert BOTH.token_to_id("PST") == len(LETTERS) + (TAGS.token_to_id("PST") or 0)
    assert BOTH.tokens([4, len(LETTERS) + 4]) == [LETTERS.id_to_token(4), TAGS.id_to_token(4)]
    assert len(BOTH) == len(LETTERS) + len(TAGS)


@settings(max_examples=30)
@given(TEXTS)
def test_many_are_encoded_as_one_by_one_and_counted_part_by_part(texts: list[str]) -> None:
    ids, lengths = bulk_encoder(BOTH).encode(texts)
    assert ids.tolist() == [index for text in texts for index in BOTH.encode(text)]
    assert lengths.tolist() == [len(BOTH.encode(text)) for text in texts]
    source, features = divide(count_parts(texts))
    parts = [split_features(text) for text in texts]
    assert source == count_words(own for own, _ in parts)
    assert features == count_words(own for _, own in parts)
    assert isinstance(bulk_encoder(LETTERS), BulkEncoder)


@pytest.mark.parametrize("text", ["git\tV;PST", "git", " git  gel\tV; PST ", "git\t"])
def test_what_is_decoded_is_what_the_tokenizers_see(text: str) -> None:
    assert BOTH.decode(BOTH.encode(text)) == BOTH.normalise(text)
    assert split_features(BOTH.normalise(text)) == tuple(
        part.normalise(own) for part, own in zip((LETTERS, TAGS), split_features(text), strict=True)
    )


def test_normalising_keeps_the_tab() -> None:
    assert normalise_source(" Git \t V;PST ", lowercase=True) == "git\tv;pst"
    assert normalise_source("a  b") == "a b"


def test_unknown_pieces_of_both_parts_are_found() -> None:
    assert BOTH.unknown_pieces("gqt\tV;FUT;<eos>") == ["q", "FUT", "<eos>"]
    assert set(BOTH.unknown_ids) == {UNK_ID, len(LETTERS) + UNK_ID}
    assert len(LETTERS) + UNK_ID in BOTH.encode("git\tFUT")


def test_it_is_read_again_as_it_was_written() -> None:
    again = read_tokenizer(BOTH.to_json(), "here")
    assert again.has_features
    assert again.to_json() == BOTH.to_json()
    assert again.encode("git\tV;PST") == BOTH.encode("git\tV;PST")
    assert not read_tokenizer(LETTERS.to_json(), "here").has_features
    with pytest.raises(CheckpointError, match="here: this is not a tokenizer of sources with features"):
        FeaturesTokenizer.from_json(LETTERS.to_json(), "here")


def test_differences_are_those_of_the_parts() -> None:
    other = FeaturesTokenizer(LETTERS, Tokenizer.train("tags", ["V;PST"]))
    assert vocabulary_difference(BOTH, FeaturesTokenizer(LETTERS, TAGS)) is None
    assert "of the features token 4 is" in (vocabulary_difference(BOTH, other) or "")
    assert (
        vocabulary_difference(BOTH, LETTERS)
        == "sources are read with features in the first, read without in the second"
    )


@pytest.mark.parametrize(
    ("features", "tags"),
    [
        ("V;PST;3;SG", ["V", "PST", "3", "SG"]),
        ("Case=Nom|Number=Sing", ["Case=Nom", "Number=Sing"]),
        ("V NEG\tPST", ["V", "NEG", "PST"]),
        ("run+V+PST", ["run", "V", "PST"]),
        ("N;;PL;", ["N", "PL"]),
    ],
)
def test_tags_stand_between_their_separators(features: str, tags: list[str]) -> None:
    tokenizer = Tokenizer.train("tags", [features])
    assert tokenizer.tokens(tokenizer.encode(features)) == tags
    assert tokenizer.decode(tokenizer.encode(features)) == tokenizer.normalise(features) == " ".join(tags)
