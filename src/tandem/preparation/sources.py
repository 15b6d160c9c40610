"""What a corpus is prepared from: which pairs, and how texts become ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.corpora.pairs import Corpus
from tandem.names import OnError
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts


@dataclass(frozen=True)
class Sources:
    """Which pairs: what is read, and how faulty, over-long and validation pairs are met."""

    train: Corpus
    validation: Corpus | None
    """None: pairs of `train` are held out."""
    on_error: OnError
    max_characters: int
    max_tokens: int
    fraction: float
    at_most: int
    seed: int
    lowercase: bool
    """Whether sources that differ in case alone are the same to the model, and so are held out together."""

    @property
    def name(self) -> str:
        """What to call it."""
        return self.train.name if self.validation is None else f"{self.train.name} with {self.validation.name}"

    def described(self, train: str, validation: str | None) -> dict[str, Any]:
        """All that tells it from others, for JSON; its corpora by their contents' sums."""
        held = {
            "fraction": self.fraction,
            "at_most": self.at_most,
            "seed": self.seed,
            "sources": "normalised",
        }
        return {
            "train": train,
            "validation": validation or held,
            "on_error": self.on_error,
            "max_characters": self.max_characters,
            "max_tokens": self.max_tokens,
        }


@dataclass(frozen=True)
class Tokens:
    """How texts become ids: `learn` makes both tokenizers from their sides' words, `described` tells it from others."""

    described: Sequence[Any]
    learn: Callable[[WordCounts, WordCounts], tuple[Tokenizer, Tokenizer]]
    reverse_source: bool
