"""Text to ids, and ids to text."""

from tandem.text.normalisation import norm_signature, normalise
from tandem.text.pipeline import EOS_ID, PAD_ID, SOS_ID, SPECIAL_TOKENS, UNK_ID, TokenizerKind
from tandem.text.tokenizer import Tokenizer

__all__ = [
    "EOS_ID",
    "PAD_ID",
    "SOS_ID",
    "SPECIAL_TOKENS",
    "UNK_ID",
    "Tokenizer",
    "TokenizerKind",
    "norm_signature",
    "normalise",
]
