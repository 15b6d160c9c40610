"""Two systems on the same lines, one reference each: their scores, sentence by sentence and together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tandem.analysis.systems import References, System
from tandem.metrics import Score, TokenizerChoice, bleu, chrf, exact, sentence_scores
from tandem.metrics.bootstrap import Difference, Resampling, difference_of_trainings
from tandem.text import norm_signature, normalise

LEAST_RESAMPLED = 10
"""The fewest lines for a significance test: resamples of fewer hardly differ."""


@dataclass(frozen=True)
class ScoredLines:
    """The scores of one system, in percent."""

    scores: Mapping[str, Score]
    """BLEU, chrF and exact match of all lines, as `bleu`, `chrf` and `exact`."""
    sentences: Sequence[float]
    """chrF of each line."""

    @classmethod
    def of(cls, system: System) -> Self:
        """Score a system."""
        references, translations = system.references, system.translations
        case, norm = {"lowercase": references.lowercase}, norm_signature(raw=references.raw)
        scores = (
            bleu(translations, references.texts, tokenize=references.tokenizer, **case),
            chrf(translations, references.texts, **case),
            exact(translations, references.texts, **case),
        )
        lines = sentence_scores(translations, references.texts, **case)
        signed = [Score(score.name, score.value, f"{score.signature}|{norm}") for score in scores]
        return cls({score.name: score for score in signed}, [line.chrf for line in lines])


@dataclass(frozen=True)
class ComparedLines:
    """Both systems, and by how much the second one's BLEU exceeds the first one's."""

    first: ScoredLines
    second: ScoredLines
    difference: Difference | None
    """By paired bootstrap resampling (Koehn 2004); None for fewer than `LEAST_RESAMPLED` lines."""


def compare_lines(
    sources: Sequence[str],
    references: Sequence[str],
    translations: tuple[Sequence[str], Sequence[str]],
    *,
    lowercase: bool = False,
    tokenize: TokenizerChoice = "auto",
    resampling: Resampling | None = None,
) -> ComparedLines:
    """Compare two systems' translations of the same lines. Repeated lines count each time.

    Texts are normalised. Raise ValueError unless each source has one reference and a translation of each system.
    """
    texts = [[normalise(reference)] for reference in references]
    corpus = References(sources, texts, lowercase=lowercase, raw=False, tokenize=tokenize)
    first, second = (
        System.of(name, texts, corpus) for name, texts in zip(("first", "second"), translations, strict=True)
    )
    difference = None
    if len(sources) >= LEAST_RESAMPLED:
        difference = difference_of_trainings([second.statistics], [first.statistics], resampling or Resampling())
    return ComparedLines(ScoredLines.of(first), ScoredLines.of(second), difference)
