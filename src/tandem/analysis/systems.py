"""What is analysed: a corpus, and what systems made of its sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self

from tandem.corpora.references import group_references
from tandem.metrics import BleuTokenizer, TokenizerChoice, bleu, choose_tokenizer, chrf
from tandem.metrics.bootstrap import (
    Interval,
    Resampling,
    Statistics,
    bleu_statistics,
    difference_interval,
    interval,
)
from tandem.text import norm_signature, normalise


@dataclass(frozen=True)
class References:
    """A corpus to be measured on."""

    sources: Sequence[str]
    """Each once."""
    texts: Sequence[Sequence[str]]
    """The references of each source, one or more."""
    lowercase: bool = False
    """Whether case makes no difference."""
    raw: bool = True
    """Whether texts are scored as they stand, not normalised."""
    tokenize: TokenizerChoice = "auto"
    """How BLEU tells words apart."""

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[str, str | Sequence[str]]],
        *,
        lowercase: bool,
        sources_lowercase: bool = False,
        raw: bool = False,
        tokenize: TokenizerChoice = "auto",
    ) -> Self:
        """The references of each different source; see `group_references` for which are the same and what is `raw`."""
        groups = group_references(pairs, lowercase=sources_lowercase, raw=raw)
        return cls([source for source, _ in groups], [targets for _, targets in groups], lowercase, raw, tokenize)

    @cached_property
    def tokenizer(self) -> BleuTokenizer:
        """What splits translations and references into words. RecipeError where its packages are missing."""
        return choose_tokenizer(self.tokenize, chain.from_iterable(self.texts))

    @cached_property
    def source_tokenizer(self) -> BleuTokenizer:
        """What splits sources into words: they may be of another script than the references."""
        return choose_tokenizer("auto", self.sources)


@dataclass(frozen=True)
class System:
    """Translations of all sources of a corpus, and the name of who made them."""

    name: str
    translations: Sequence[str]
    references: References

    def __post_init__(self) -> None:
        """ValueError where there is not one translation for each source."""
        wanted, found = len(self.references.sources), len(self.translations)
        if wanted != found:
            raise ValueError(f"{self.name} has {found} translations, but there are {wanted} sources; give one for each")

    @classmethod
    def of(cls, name: str, translations: Sequence[str], references: References) -> Self:
        """A system whose translations are normalised as the references are."""
        return cls(name, translations if references.raw else [normalise(text) for text in translations], references)

    @cached_property
    def statistics(self) -> Statistics:
        """What BLEU is computed from, by sentence."""
        corpus = self.references
        return bleu_statistics(self.translations, corpus.texts, lowercase=corpus.lowercase, tokenize=corpus.tokenizer)


@dataclass(frozen=True)
class SystemScore:
    """What a system is worth on the whole corpus."""

    name: str
    bleu: Interval
    chrf: float
    difference: Interval | None
    """BLEU that it has more than the first system, on the same resamples; None for the first one."""
    signatures: tuple[str, str]
    """Of BLEU and of chrF."""


def score_systems(systems: Sequence[System], resampling: Resampling) -> tuple[SystemScore, ...]:
    """The scores of each system, with intervals."""
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
