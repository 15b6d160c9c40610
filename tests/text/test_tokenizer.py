import os
import random
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import RecipeError
from tandem.text import EOS_ID, PAD_ID, SOS_ID, SPECIAL_TOKENS, UNK_ID, Tokenizer, TokenizerKind

KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)
TEXTS = ["A man, a plan, a canal.", "A man in a (red) t-shirt.", "Zwei Männer im Freien."]
ODD_TEXTS = [
    "a <eos> b",
    "<unk> <pad> <sos> <eos>",
    "<eos>",
    "a▁b ▁ c▁",
    "👩‍👩‍👧 ❤️ 🇩🇪",
    "שלום, עולם! مرحبا",
    "a\x00b \x00",
    "\x1cab\x1f",
    "e\u0301 \u0301",
    "a\u00a0b\u3000c\u200bd",
    "日本語です。",
    "[MASK] ##ing <0x41> </w> @@",
]

pieces = st.sampled_from([*SPECIAL_TOKENS, "▁", " ", "\n", "\u3000", "<", "_", "\u0301", "word", "WORD", "\ud800"])
texts = st.lists(pieces | st.text(st.characters(), max_size=5), max_size=8).map("".join)
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_the_special_tokens_have_the_tutorials_ids(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    assert (UNK_ID, PAD_ID, SOS_ID, EOS_ID) == (0, 1, 2, 3)
    assert tokenizer.tokens([UNK_ID, PAD_ID, SOS_ID, EOS_ID]) == ["<unk>", "<pad>", "<sos>", "<eos>"]
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3]


@pytest.mark.parametrize("lowercase", [False, True])
@every_kind
@settings(deadline=None)
@given(text=texts)
def test_known_text_comes_back_as_it_was_normalised(kind: TokenizerKind, lowercase: bool, text: str) -> None:
    tokenizer = Tokenizer.train(kind, [text], lowercase=lowercase)
    seen = tokenizer.normalise(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == seen
    assert tokenizer.encode(seen) == ids
    assert not {PAD_ID, SOS_ID, EOS_ID} & set(ids)


@every_kind
@settings(deadline=None)
@given(text=st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=12))
def test_normalising_is_nfc_and_single_spaces(kind: TokenizerKind, text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    words = (re.sub("[;|,+]", " ", text) if kind == "tags" else text).split()
    if kind in ("whitespace", "tags"):
        expected = " ".join("<unk>" if word in SPECIAL_TOKENS else word for word in words)
    else:
        expected = " ".join(words).replace("▁", "_")
    assert Tokenizer.train(kind, []).normalise(text) == expected


@pytest.mark.parametrize("text", ODD_TEXTS)
@every_kind
def test_odd_text_is_ordinary_text(kind: TokenizerKind, text: str) -> None:
    known = Tokenizer.train(kind, [text])
    assert known.decode(known.encode(text)) == known.normalise(text)
    unknown = Tokenizer.train(kind, TEXTS)
    for tokenizer in (known, unknown):
        assert not {PAD_ID, SOS_ID, EOS_ID} & set(tokenizer.encode(text))
        assert tokenizer.encode_batch([text, text]) == [tokenizer.encode(text)] * 2


@every_kind
def test_a_special_token_in_the_corpus_takes_no_id_twice(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, ["hello <eos> <unk>"] * 3)
    tokens = tokenizer.tokens(range(len(tokenizer)))
    assert len(set(tokens)) == len(tokens)
    assert tokens[:4] == list(SPECIAL_TOKENS)
    assert EOS_ID not in tokenizer.encode("hello <eos>")


def test_words_stand_apart_from_punctuation_and_carry_their_space() -> None:
    tokenizer = Tokenizer.train("word", ['a (hello) t-shirt. 5€ "x"'])
    assert tokenizer.tokens(tokenizer.encode("a (hello)")) == ["▁a", "▁(", "hello", ")"]
    assert tokenizer.tokens(tokenizer.encode("t-shirt.")) == ["▁t", "-", "shirt", "."]
    assert tokenizer.tokens(tokenizer.encode('5€ "x"')) == ["▁5", "€", '▁"', "x", '"']


def test_whitespace_splits_at_white_space_only() -> None:
    tokenizer = Tokenizer.train("whitespace", ["I_JUMP\tI_TURN  (a▁b)\n"])
    ids = tokenizer.encode("I_TURN I_JUMP\u3000(a▁b)")
    assert tokenizer.tokens(ids) == ["I_TURN", "I_JUMP", "(a▁b)"]


def test_every_character_is_a_token() -> None:
    tokenizer = Tokenizer.train("character", ["ab c"])
    assert tokenizer.tokens(tokenizer.encode("c  ab")) == ["c", "▁", "a", "b"]


def test_bpe_merges_frequent_pairs_within_words_only() -> None:
    tokenizer = Tokenizer.train("bpe", ["low lower", "low. lowest"])
    assert tokenizer.tokens(tokenizer.encode("low"))[0] == "▁low"
    spanning = [token for token in tokenizer.tokens(range(4, len(tokenizer))) if "▁" in token[1:]]
    mixed = [token for token in tokenizer.tokens(range(4, len(tokenizer))) if "." in token and token != "."]
    assert spanning == mixed == []


@pytest.mark.parametrize("kind", ["word", "whitespace", "bpe"])
def test_lowercase_makes_case_nothing(kind: TokenizerKind) -> None:
    folded = Tokenizer.train(kind, ["Der HUND"], lowercase=True)
    kept = Tokenizer.train(kind, ["Der HUND"])
    assert (folded.lowercase, kept.lowercase) == (True, False)
    assert folded.encode("der hund") == folded.encode("DER Hund")
    assert folded.decode(folded.encode("DER Hund")) == "der hund"
    assert UNK_ID in kept.encode("der hund")
    assert kept.decode(kept.encode("Der HUND")) == "Der HUND"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("word", "a <unk>."), ("whitespace", "a <unk>"), ("character", "a <unk><unk>."), ("bpe", "a <unk>.")],
)
def test_an_unknown_is_shown(kind: TokenizerKind, shown: str) -> None:
    tokenizer = Tokenizer.train(kind, ["a b. c."])
    assert tokenizer.decode(tokenizer.encode("a zz.")) == shown


@every_kind
def test_decoding_drops_the_frame_and_the_padding(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    ids = tokenizer.encode(TEXTS[1])
    assert tokenizer.decode([SOS_ID, *ids, EOS_ID, PAD_ID, PAD_ID]) == TEXTS[1]


@every_kind
def test_no_text_is_no_ids(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    assert tokenizer.encode("") == tokenizer.encode(" \n\t ") == []
    assert tokenizer.encode_batch([]) == []
    assert tokenizer.encode_batch(["", TEXTS[0], ""]) == [[], tokenizer.encode(TEXTS[0]), []]
    assert tokenizer.decode([]) == ""


@every_kind
def test_no_corpus_leaves_everything_unknown(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, [])
    assert len(tokenizer) == len(SPECIAL_TOKENS)
    assert set(tokenizer.encode("some text")) == {UNK_ID}


@every_kind
def test_a_lone_surrogate_becomes_the_replacement_character(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, ["a \ud800b \U0001f600"])
    assert tokenizer.decode(tokenizer.encode("a \udfffb \U0001f600")) == "a \ufffdb \U0001f600"


@every_kind
def test_an_id_outside_the_vocabulary_is_refused(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    for index in (-1, len(tokenizer)):
        with pytest.raises(IndexError, match=f"id {index} is outside the vocabulary, which has the ids 0 to"):
            tokenizer.decode([index])
        with pytest.raises(IndexError, match="outside the vocabulary"):
            tokenizer.id_to_token(index)


@every_kind
def test_tokens_and_ids_are_each_others_inverse(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    ids = range(len(tokenizer))
    assert [tokenizer.token_to_id(tokenizer.id_to_token(index)) for index in ids] == list(ids)
    assert tokenizer.token_to_id("not a token") is None
    assert repr(tokenizer) == f"<Tokenizer {kind}, {len(tokenizer)} tokens>"


@every_kind
def test_min_count_drops_exactly_what_is_rarer(kind: TokenizerKind) -> None:
    texts = ["xa xa ya"]
    everything, frequent = (Tokenizer.train(kind, texts, min_count=count) for count in (1, 2))
    assert UNK_ID not in everything.encode("xa ya")
    assert UNK_ID not in frequent.encode("xa")
    assert UNK_ID in frequent.encode("ya")


def test_min_count_keeps_bpe_from_rare_merges() -> None:
    texts = ["ab ab cd dc"]
    greedy, careful = (Tokenizer.train("bpe", texts, min_count=count) for count in (1, 2))
    assert greedy.tokens(greedy.encode("ab cd")) == ["▁ab", "▁cd"]
    assert careful.tokens(careful.encode("ab cd")) == ["▁ab", "▁", "c", "d"]


@pytest.mark.parametrize("size", [5, 6, 9])
@every_kind
def test_max_size_counts_the_special_tokens_and_keeps_the_frequent(kind: TokenizerKind, size: int) -> None:
    texts = ["u v v w w w x x x x", "x y y z z z"]
    tokenizer = Tokenizer.train(kind, texts, max_size=size)
    everything = Tokenizer.train(kind, texts)
    assert len(tokenizer) == size
    assert set(tokenizer.tokens(range(size))) <= set(everything.tokens(range(len(everything))))
    if kind != "bpe":
        assert tokenizer.tokens(range(size)) == everything.tokens(range(size))


def test_bpe_in_a_size_below_its_alphabet_keeps_the_most_frequent_characters() -> None:
    tokenizer = Tokenizer.train("bpe", iter(["aaaa bbb cc d"]), max_size=7)
    assert set(tokenizer.tokens(range(4, 7))) == {"▁", "a", "b"}
    equally_frequent = Tokenizer.train("bpe", ["dcba"], max_size=7)
    assert set(equally_frequent.tokens(range(4, 7))) == {"a", "b", "c"}


def test_bpe_stops_when_nothing_is_left_to_merge() -> None:
    tokenizer = Tokenizer.train("bpe", ["low lower lowest"])
    assert len(tokenizer) < 8000
    assert tokenizer.tokens(tokenizer.encode("low lower lowest")) == ["▁low", "▁lower", "▁lowest"]


@pytest.mark.parametrize("kind", ["word", "whitespace", "character"])
def test_frequent_comes_first_and_ties_are_in_code_point_order(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, ["zeta b ä b a", "c"])
    tokens = tokenizer.tokens(range(4, len(tokenizer)))
    text = tokenizer.tokens(tokenizer.encode("zeta b ä b a") + tokenizer.encode("c"))
    assert tokens == sorted(tokens, key=lambda token: (-text.count(token), token))


def _many_ties() -> list[str]:
    chooser = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyzäöüß日本語です"
    words = ["".join(chooser.choices(letters, k=chooser.randint(1, 6))) for _ in range(500)]
    return [" ".join(chooser.choices(words, k=8)) for _ in range(200)]


@pytest.mark.parametrize("size", [None, 20, 150])
@every_kind
def test_the_order_of_the_texts_does_not_matter(kind: TokenizerKind, size: int | None) -> None:
    ordered = _many_ties()
    shuffled = random.Random(2).sample(ordered, len(ordered))
    first, second = (Tokenizer.train(kind, texts, max_size=size) for texts in (ordered, shuffled))
    assert first.to_json() == second.to_json()


def test_another_process_learns_the_same(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.write_text("\n".join(_many_ties()), encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from tandem.text import Tokenizer\n"
        "texts = Path(sys.argv[1]).read_text(encoding='utf-8').splitlines()\n"
        "for kind in sys.argv[2:]: Tokenizer.train(kind, texts, max_size=150).save(sys.argv[1] + kind)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", program, str(corpus), *KINDS], env=environment, check=True)
    for kind in KINDS:
        here = Tokenizer.train(kind, _many_ties(), max_size=150).to_json()
        assert Path(f"{corpus}{kind}").read_text(encoding="utf-8") == here


@every_kind
def test_a_generator_teaches_the_same_as_a_list(kind: TokenizerKind) -> None:
    assert Tokenizer.train(kind, iter(TEXTS)).to_json() == Tokenizer.train(kind, TEXTS).to_json()


def test_impossible_settings_are_named() -> None:
    with pytest.raises(RecipeError, match=r"kind is one of word, whitespace, character, bpe, tags, not 'words'"):
        Tokenizer.train(cast(Any, "words"), TEXTS)
    with pytest.raises(RecipeError, match="min_count must be at least 1, not 0"):
        Tokenizer.train("word", TEXTS, min_count=0)
    with pytest.raises(RecipeError, match="max_size must be at least 5, not 4"):
        Tokenizer.train("word", TEXTS, max_size=4)


@pytest.mark.parametrize(
    ("kind", "pieces"),
    [
        ("word", ["Xé", "q", "<", "eos", ">", "\ufffd"]),
        ("whitespace", ["Xé,", "q", "<eos>", "\ufffd"]),
        ("character", ["X", "é", "q", "<", "o", ">", "\ufffd"]),
        ("bpe", ["Xé", "q", "<", "o", ">", "\ufffd"]),
    ],
)
def test_unknown_pieces_are_those_of_the_text(kind: TokenizerKind, pieces: list[str]) -> None:
    tokenizer = Tokenizer.train(kind, ["eins, sie", "eins"])
    text = "  eins Xé,  q <eos> \ud800 eins"
    assert tokenizer.unknown_pieces(text) == pieces
    assert len(pieces) == tokenizer.encode(text).count(UNK_ID)
    assert tokenizer.unknown_pieces(text, most=3)[:1] == [pieces[0]] * (kind != "character")
    assert tokenizer.unknown_pieces("") == []


@pytest.mark.parametrize("kind", KINDS)
def test_any_text_has_as_many_unknown_pieces_as_unknown_tokens(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, ["eins"])
    for text in (*ODD_TEXTS, "\x1c", "eins \x1f eins", "\u200b", "\ud800"):
        pieces = tokenizer.unknown_pieces(text)
        assert len(pieces) == tokenizer.encode(text).count(UNK_ID)
        assert all(pieces)


@pytest.mark.parametrize("kind", ["word", "whitespace", "bpe"])
def test_a_piece_beyond_any_length_is_unknown(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, ["x" * 2**15 + " ab", "y" * 2**16 + " ab", "ab"], max_size=10)
    assert max(len(token) for token in tokenizer.tokens(range(len(tokenizer)))) <= 2**15
    assert "y" not in tokenizer.decode(tokenizer.encode("y"))
    assert tokenizer.decode(tokenizer.encode("ab")) == "ab"


@pytest.mark.parametrize("size", [10**9, 2**63 - 1])
def test_a_size_that_no_corpus_reaches_takes_no_memory(size: int) -> None:
    texts = ["low lower lowest", "new newer newest"]
    assert Tokenizer.train("bpe", texts, max_size=size).to_json() == Tokenizer.train("bpe", texts).to_json()


def test_the_beginning_of_an_output_has_so_many_characters_at_most() -> None:
    tokenizer = Tokenizer.train("word", ["one three one"])
    ids = tokenizer.encode("one three one")
    lengths = [len(token) for token in tokenizer.tokens(ids)]
    for most in range(sum(lengths) + 3):
        kept = tokenizer.beginning(ids, most)
        assert list(kept) == ids[: len(kept)]
        assert sum(lengths[: len(kept)]) <= most
        assert len(kept) == len(ids) or sum(lengths[: len(kept) + 1]) > most
