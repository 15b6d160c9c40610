"""What the pieces of a source are in an output, for every kind of tokenizer."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.names import TokenizerKind
from tandem.preparation.chunks import Chunk, Encoding
from tandem.text import EOS_ID, SOS_ID, UNK_ID, Tokenizer
from tandem.text.codec import Codec
from tandem.text.copying import NEVER, Copying, CopySource

KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)
each_kind = pytest.mark.parametrize("kind", KINDS)
SOURCES = ["send 12 to ana", "call bob, please"]
TARGETS = ["ana gets 12", "bob is called"]


def tokenizers(kind: TokenizerKind, other: TokenizerKind | None = None) -> tuple[Tokenizer, Tokenizer]:
    return Tokenizer.train(kind, SOURCES, max_size=40), Tokenizer.train(other or kind, TARGETS, max_size=40)


@each_kind
@settings(max_examples=60)
@given(text=st.text("aebnx 12,'é日<>▁\u00a0\u1e69", max_size=12))
def test_pieces_are_the_tokens_with_the_text_of_what_is_unknown(kind: TokenizerKind, text: str) -> None:
    for lowercase in (False, True):
        tokenizer = Tokenizer.train(kind, SOURCES, max_size=40, lowercase=lowercase)
        pieces = tokenizer.pieces(text)
        assert [index for index, _ in pieces] == tokenizer.encode(text)
        own = [len(tokenizer) + place for place in range(len(pieces))]
        assert tokenizer.decode(own, [piece for _, piece in pieces]) == tokenizer.normalise(text)


@each_kind
@pytest.mark.parametrize("reverse", [False, True])
def test_equal_texts_have_equal_numbers_and_known_ones_the_target_s(kind: TokenizerKind, reverse: bool) -> None:
    source, target = tokenizers(kind)
    copying = Copying(source, target)
    text = "send zoë to ana, zoë and 12 ω12 gets <eos>"
    read = copying.read(text, source.encode(text), reverse=reverse)
    pieces = [piece for _, piece in source.pieces(text)]
    shown = ["" if piece == "<unk>" else piece for piece in pieces]  # the whitespace kind knows "<eos>" for no word
    assert read.pieces == ("", *(reversed(shown) if reverse else shown), "")
    numbers = copying.table.numbers_of(np.array(read.ids))
    for place, piece in enumerate(read.pieces):
        known = target.token_to_id(piece)
        if not piece:
            assert numbers[place] == NEVER
        elif known is not None:
            assert numbers[place] == known
        else:
            assert numbers[place] >= len(target)
        assert [n == numbers[place] for n in numbers] == [other == piece for other in read.pieces]
    plain = [SOS_ID, *(source.encode(text)[::-1] if reverse else source.encode(text)), EOS_ID]
    assert copying.table.read_by_encoder(np.array(read.ids)).tolist() == plain


@each_kind
@pytest.mark.parametrize("other", KINDS)
def test_a_target_has_the_place_of_what_only_its_source_has(kind: TokenizerKind, other: TokenizerKind) -> None:
    codec = Codec(*(both := tokenizers(kind, other)), False, Copying(*both))
    (source,) = codec.encode_sources(["send ω9 to ñ ω9"])
    (ids,) = codec.encode_targets(["ñ gets ω9"], [source])
    written = codec.target.decode(ids, source.pieces)
    whole = {kind, other} <= {"word", "whitespace"} or (kind == other == "character")
    if whole:
        assert UNK_ID not in ids
        assert written == "ñ gets ω9"
    first = [index - len(codec.target) for index in ids if index >= len(codec.target)]
    assert first == [source.pieces.index(source.pieces[place]) for place in first]
    assert codec.unknown_pieces("send ω9", source)[0].startswith("ω")


def test_a_target_in_lower_case_has_the_source_s_words_in_lower_case() -> None:
    source = Tokenizer.train("word", ["Ana calls", "ana"])
    target = Tokenizer.train("word", ["ana calls"], lowercase=True, max_size=5)
    copying = Copying(source, target)
    read = copying.read("Zoe ANA Ana ana", source.encode("Zoe ANA Ana ana"), reverse=False)
    assert read.pieces == ("", "▁zoe", "▁ana", "▁ana", "▁ana", "")
    assert len(set(copying.table.numbers_of(np.array(read.ids))[2:5])) == 1
    assert copying.write("Zoe", target.encode("Zoe"), read) == [len(target) + 1]


@each_kind
@pytest.mark.parametrize("reverse", [False, True])
def test_a_corpus_is_encoded_as_single_texts_are(kind: TokenizerKind, reverse: bool) -> None:
    both = tokenizers(kind)
    codec = Codec(*both, reverse, Copying(*both))
    pairs = [("send ω9 to ñ", "ñ gets ω9"), ("call ana", "ana is called"), ("x " * 30, "x"), ("call zed, zed", "zed")]
    encoding = Encoding(*both, reverse_source=reverse, max_tokens=29, copying=True)
    for task in (encoding, Encoding.of(encoding.settings())):
        chunk = task.run(Chunk(*zip(*pairs, strict=True)))
        kept = [pairs[0], pairs[1], pairs[3]]
        sources = codec.encode_sources([source for source, _ in kept])
        targets = codec.encode_targets([target for _, target in kept], sources)
        assert chunk.source.tolist() == [index for source in sources for index in source.ids]
        assert chunk.target.tolist() == [index for ids in targets for index in (SOS_ID, *ids, EOS_ID)]


def test_what_is_copied_is_cut_like_everything_else() -> None:
    target = Tokenizer.train("word", TARGETS)
    source = CopySource([], ("", "▁" + "x" * 99))
    ids = [4, len(target) + 1, 4, len(target) + 1]
    assert target.beginning(ids, 105, source.pieces) == ids[:2]
    with pytest.raises(IndexError, match=rf"id {len(target) + 2} is outside the vocabulary"):
        target.decode([len(target) + 2], source.pieces)
