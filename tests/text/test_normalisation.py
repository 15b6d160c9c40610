"""What is the same to a tokenizer is the same once it is normalised, and nothing else."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.text import Tokenizer, norm_signature, normalise

TOKENIZERS = {lowercase: Tokenizer.train("character", ["a"], lowercase=lowercase) for lowercase in (False, True)}
# Every white space, letters with marks in both forms, a sigma at a word's end, what Python alone takes for space.
PIECES = [
    *"aBéΣσςẞİ한",
    "e\u0301",
    "\u0301",
    "Ⅷ",
    "\u1112\u1161",
    "\ud800",
    "\x00",
    "\x1c",
    *" \t\n\r\x0b\x0c\x85\xa0\u2003\u2028\u202f\u3000\u200b",
]
texts = st.lists(st.sampled_from(PIECES) | st.text(st.characters(codec="ascii"), max_size=4), max_size=8).map("".join)


@pytest.mark.parametrize("lowercase", [False, True])
@settings(deadline=None)
@given(text=texts)
def test_a_text_is_normalised_as_by_a_tokenizer(lowercase: bool, text: str) -> None:
    assert normalise(text, lowercase=lowercase) == TOKENIZERS[lowercase].normalise(text)


@pytest.mark.parametrize("lowercase", [False, True])
@given(text=texts)
def test_normalising_twice_changes_nothing_more(lowercase: bool, text: str) -> None:
    once = normalise(text, lowercase=lowercase)
    assert normalise(once, lowercase=lowercase) == once


def test_forms_and_spaces_make_no_difference_and_case_does_unless_told_otherwise() -> None:
    text = "Tám bảy  Männer"
    for other in (unicodedata.normalize("NFD", text), " Tám\xa0bảy Männer\n", "Tám\u3000bảy\tMänner"):
        assert normalise(other) == "Tám bảy Männer"
    assert normalise(text, lowercase=True) == "tám bảy männer"


def test_the_signature_says_whether_texts_were_normalised() -> None:
    assert norm_signature(raw=False) == "norm:nfc+space"
    assert norm_signature(raw=True) == "norm:none"
