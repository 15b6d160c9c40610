"""The input of a preparation: which pairs are read, which of them are held out, and how their texts become ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.corpora.pairs import Corpus
from tandem.errors import CorpusError
from tandem.names import OnError
from tandem.preparation.chunks import chance_rank
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts


@dataclass(frozen=True)
class Sources:
    """Which pairs are read, and what happens to faulty pairs, long pairs and validation pairs."""

    train: Corpus
    validation: Corpus | None  # None: some pairs of `train` are held out.
    on_error: OnError
    max_characters: int
    max_tokens: int
    fraction: float  # the fraction of the training pairs that is held out
    at_most: int  # the largest number of pairs that is held out
    seed: int
    lowercase: bool  # whether sources that differ only in case are the same to the model: held out together
    features: bool = False  # whether the model reads what follows a tab in a source as features

    @property
    def name(self) -> str:
        """The name in messages."""
        return self.train.name if self.validation is None else f"{self.train.name} with {self.validation.name}"

    def corpora(self) -> list[Corpus]:
        """Return the corpora that are read."""
        return [corpus for corpus in (self.train, self.validation) if corpus is not None]

    def described(self, train: str, validation: str | None) -> dict[str, Any]:
        """Return, for JSON, all that identifies these sources, with the sums of the contents of both corpora."""
        held_out = {"fraction": self.fraction, "at_most": self.at_most, "seed": self.seed, "sources": "normalised"}
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

    described: Sequence[Any]  # all that identifies the tokenizers, for JSON
    learn: Callable[[WordCounts, WordCounts], tuple[Tokenizer, Tokenizer]]
    """Makes both tokenizers from the words of their sides."""
    reverse_source: bool  # whether source ids are stored from the last to the first
    copying: bool = False  # whether ids are extended for a model that copies


def held_out(sizes: Mapping[str, int], pairs: int, fraction: float, seed: int, *, at_most: int) -> set[str]:
    """Return the sources whose pairs, about `fraction` of all `pairs` and at most `at_most`, are not trained on.

    `sizes` has the number of pairs of each normalised source, at least for the first ones in random order
    (`Counting`). All pairs of a source are held out together, so the result may have slightly fewer pairs than
    requested, or more if even the rarest source has more. The choice depends only on the texts and the seed, so it is
    the same on every machine. Raise CorpusError for fewer than two sources.

    With a `fraction` of 0 nothing is held out: the model is trained and validated on the returned sources.
    """
    ranked = sorted(sizes, key=lambda source: chance_rank(source, seed))
    if fraction == 0:
        return _first_of(ranked, sizes, at_most)
    if len(sizes) < 2:
        raise CorpusError(
            f"A held-out part needs at least two distinct source texts, but the {pairs:,} pairs have "
            f"{len(sizes)}. Give a validation corpus of its own, or more data."
        )
    wanted = min(max(1, round(fraction * pairs)), pairs - 1, at_most)
    return _first_of(ranked, sizes, wanted)


def _first_of(ranked: Sequence[str], sizes: Mapping[str, int], wanted: int) -> set[str]:
    """Return the first sources that have about `wanted` pairs in all, or the rarest one where each has more."""
    chosen: set[str] = set()
    for source in ranked:
        if sizes[source] <= wanted:
            chosen.add(source)
            wanted -= sizes[source]
    return chosen or {min(ranked, key=lambda source: sizes[source])}
