"""Recurrent sequence-to-sequence learning: text in, a trained encoder-decoder, translations out."""

from tandem.errors import TandemError
from tandem.models import Decoder, Encoder, RecurrentState, Seq2Seq
from tandem.recipe import Recipe, load_recipe
from tandem.run import evaluate, train
from tandem.text import Tokenizer
from tandem.translator import Translation, Translator, load
from tandem.version import __version__

__all__ = [
    "Decoder",
    "Encoder",
    "Recipe",
    "RecurrentState",
    "Seq2Seq",
    "TandemError",
    "Tokenizer",
    "Translation",
    "Translator",
    "__version__",
    "evaluate",
    "load",
    "load_recipe",
    "train",
]
