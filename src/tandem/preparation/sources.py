"""The input of a preparation: which pairs are read, and how their texts become ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.corpora.pairs import Corpus
from tandem.names import OnError
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts


@dataclass(frozen=True)
class Sources:
    """Which pairs are read, and what happens to faulty pairs, long pairs and validation pairs."""

    train: Corpus
    validation: Corpus | None
    """None: some pairs of `train` are held out."""
    on_error: OnError
    max_characters: int
    max_tokens: int
    fraction: float
    """The fraction of the training pairs that is held out."""
    at_most: int
    """The largest number of pairs that is held out."""
    seed: int
    lowercase: bool
    """Whether sources that differ only in case are the same to the model, and so are held out together."""

    @property
    def name(self) -> str:
        """The name in messages."""
        return self.train.name if self.validation is None else f"{self.train.name} with {self.validation.name}"

    def described(self, train: str, validation: str | None) -> dict[str, Any]:
        """Return, for JSON, all that identifies these sources, with the sums of the contents of both corpora."""
        held_out = {
            "fraction": self.fraction,
            "at_most": self.at_most,
            "seed": self.seed,
            "sources": "normalised",
        }
        return {
            "train": train,
            "validation": validation or held_out,
            "on_error": self.on_error,
            "max_characters": self.max_characters,
            "max_tokens": self.max_tokens,
        }


@dataclass(frozen=True)
class Tokens:
    """How texts become ids."""

    described: Sequence[Any]
    """All that identifies the tokenizers, for JSON."""
    learn: Callable[[WordCounts, WordCounts], tuple[Tokenizer, Tokenizer]]
    """Makes both tokenizers from the words of their sides."""
    reverse_source: bool
    """Whether source ids are stored from the last to the first."""
