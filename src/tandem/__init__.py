"""Recurrent sequence-to-sequence learning: text in, a trained encoder-decoder, translations out."""

from importlib import import_module
from typing import TYPE_CHECKING

from tandem.errors import TandemError
from tandem.version import __version__

if TYPE_CHECKING:
    from tandem.models import Decoder, Encoder, RecurrentState, Seq2Seq
    from tandem.recipe import Recipe, load_recipe
    from tandem.runs import analyse, average, compare, evaluate, train
    from tandem.text import Tokenizer
    from tandem.translation.messages import Translation
    from tandem.translation.translator import Translator, load

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
    "load",
    "load_recipe",
    "train",
]

# Imported when they are asked for: processes that prepare a corpus need no torch, which takes seconds and memory.
_ROOMS = {
    "tandem.models": ("Decoder", "Encoder", "RecurrentState", "Seq2Seq"),
    "tandem.recipe": ("Recipe", "load_recipe"),
    "tandem.runs": ("analyse", "average", "compare", "evaluate", "train"),
    "tandem.text": ("Tokenizer",),
    "tandem.translation.translator": ("Translation", "Translator", "load"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
