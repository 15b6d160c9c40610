"""Normalises texts as tokenizers do, so that texts that are the same to a model are equal in comparisons and scores."""

import re
import unicodedata

from tandem.text.pipeline import without_surrogates

# Unicode's white space, as in the tokenizers library.
SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_IRREGULAR = re.compile("  |[\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def normalise(text: str, *, lowercase: bool = False) -> str:
    """Return the text in Unicode NFC, with one space for each run of white space, and none at its ends.

    With `lowercase`, also lower-case it, as a tokenizer does. Normalising a text twice has no further effect.
    """
    if text.isascii() and text.isprintable():  # most lines of most corpora: this takes a tenth of the time
        text = text.lower() if lowercase else text
        return (SPACE.sub(" ", text) if "  " in text else text).strip(" ")
    text = without_surrogates(text)
    if lowercase:
        # The library lower-cases each letter separately, so a sigma at the end of a word is like any other.
        text = text.replace("Σ", "σ").lower()
    text = unicodedata.normalize("NFC", text)
    return (SPACE.sub(" ", text) if _IRREGULAR.search(text) else text).strip(" ")


def norm_signature(*, raw: bool) -> str:
    """Return the part of a score's signature that says whether the texts were normalised."""
    return "norm:none" if raw else "norm:nfc+space"
