"""What is analysed: a corpus, and the translations of its sources by several systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self

from tandem.corpora.references import group_references
from tandem.metrics import BleuTokenizer, TokenizerChoice, bleu, choose_tokenizer, chrf
from tandem.metrics.bootstrap import Interval, Resampling, Statistics, bleu_statistics, difference_interval, interval
from tandem.text import norm_signature, normalise


@dataclass(frozen=True)
class References:
    """A corpus to measure on."""

    sources: Sequence[str]  # The distinct sources
    texts: Sequence[Sequence[str]]  # The references of each source, one or more
    lowercase: bool = False
    raw: bool = True  # Whether texts are scored without being normalised
    tokenize: TokenizerChoice = "auto"

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[str, str | Sequence[str]]],
        *,
        lowercase: bool,
        sources_lowercase: bool = False,
        features: bool = False,
        raw: bool = False,
        tokenize: TokenizerChoice = "auto",
    ) -> Self:
        """Group pairs by distinct sources; `group_references` says which sources are the same and what `raw` means."""
        groups = group_references(pairs, lowercase=sources_lowercase, raw=raw, features=features)
        return cls([source for source, _ in groups], [targets for _, targets in groups], lowercase, raw, tokenize)

    @cached_property
    def tokenizer(self) -> BleuTokenizer:
        """The tokenizer that splits translations and references into words. RecipeError without its packages."""
        return choose_tokenizer(self.tokenize, chain.from_iterable(self.texts))

    @cached_property
    def source_tokenizer(self) -> BleuTokenizer:
        """The tokenizer that splits sources into words, which may be in another script than the references."""
        return choose_tokenizer("auto", self.sources)


@dataclass(frozen=True)
class System:
    """The translations of all sources of a corpus, and the name of the system that made them."""

    name: str
    translations: Sequence[str]
    references: References

    def __post_init__(self) -> None:
        """ValueError where there is not one translation for each source."""
        wanted, given = len(self.references.sources), len(self.translations)
        if wanted != given:
            raise ValueError(f"{self.name} has {given} translations, but there are {wanted} sources; give one for each")

    @classmethod
    def of(cls, name: str, translations: Sequence[str], references: References) -> Self:
        """Return a system whose translations are normalised if the references are."""
        return cls(name, translations if references.raw else [normalise(text) for text in translations], references)

    @cached_property
    def statistics(self) -> Statistics:
        """The table that BLEU is computed from."""
        corpus = self.references
        return bleu_statistics(self.translations, corpus.texts, lowercase=corpus.lowercase, tokenize=corpus.tokenizer)


@dataclass(frozen=True)
class SystemScore:
    """The scores of a system on the whole corpus."""

    name: str
    bleu: Interval
    chrf: float
    difference: Interval | None  # BLEU less that of the first system, on the same resamples; None for the first
    signatures: tuple[str, str]  # The signatures of BLEU and chrF


def score_systems(systems: Sequence[System], resampling: Resampling) -> tuple[SystemScore, ...]:
    """Score each system, with intervals."""
    scores = []
    for system in systems:
        texts, lowercase = system.references.texts, system.references.lowercase
        first = bleu(system.translations, texts, lowercase=lowercase, tokenize=system.references.tokenizer)
        second = chrf(system.translations, texts, lowercase=lowercase)
        difference = None
        if system is not systems[0]:
            difference = difference_interval([system.statistics], [systems[0].statistics], resampling)
        norm = norm_signature(raw=system.references.raw)
        signatures = (f"{first.signature}|{norm}|{resampling.signature}", f"{second.signature}|{norm}")
        scores.append(
            SystemScore(system.name, interval([system.statistics], resampling), second.value, difference, signatures)
        )
    return tuple(scores)
