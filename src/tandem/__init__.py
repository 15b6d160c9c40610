"""Recurrent sequence-to-sequence learning: text in, a trained encoder-decoder, translations out."""

from typing import TYPE_CHECKING

from tandem.errors import TandemError
from tandem.lazy import names_of
from tandem.version import __version__

if TYPE_CHECKING:
    from tandem.models import Decoder, Encoder, RecurrentState, Seq2Seq
    from tandem.recipe import Recipe, load_recipe
    from tandem.runs import analyse, average, compare, evaluate, export, export_page, push, train
    from tandem.text import Tokenizer
    from tandem.translation import Translation, Translator, load

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
    "analyse",
    "average",
    "compare",
    "evaluate",
    "export",
    "export_page",
    "load",
    "load_recipe",
    "push",
    "train",
]

# Imported when they are asked for: processes that prepare a corpus need no torch, which takes seconds and memory.
__getattr__ = names_of(
    __name__,
    {
        "models": ("Decoder", "Encoder", "RecurrentState", "Seq2Seq"),
        "recipe": ("Recipe", "load_recipe"),
        "runs": ("analyse", "average", "compare", "evaluate", "export", "export_page", "push", "train"),
        "text": ("Tokenizer",),
        "translation": ("Translation", "Translator", "load"),
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
