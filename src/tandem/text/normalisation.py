"""Normalising texts as tokenizers do, so that what a model cannot tell apart is equal in comparisons and scores."""

import re
import unicodedata

from tandem.text.pipeline import without_surrogates

# What Unicode calls white space, as the tokenizers' library sees it.
SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_IRREGULAR = re.compile("  |[\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def normalise(text: str, *, lowercase: bool = False) -> str:
    """Return the text in Unicode NFC, each run of white space one space, none at its ends.

    `lowercase`: in lower case, too, as a tokenizer that lower-cases has it. Normalising twice changes nothing more.
    """
    if text.isascii() and text.isprintable():  # most lines of most corpora: this takes a tenth of the time
        text = text.lower() if lowercase else text
        return (SPACE.sub(" ", text) if "  " in text else text).strip(" ")
    text = without_surrogates(text)
    if lowercase:
        # The library lower-cases a letter at a time: a sigma at the end of a word is like any other.
        text = text.replace("Σ", "σ").lower()
    text = unicodedata.normalize("NFC", text)
    return (SPACE.sub(" ", text) if _IRREGULAR.search(text) else text).strip(" ")


def norm_signature(*, raw: bool) -> str:
    """Return what a score's signature says of the texts: that they were normalised, or scored as they stand."""
    return "norm:none" if raw else "norm:nfc+space"
