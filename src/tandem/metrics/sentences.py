"""Scores of single outputs."""

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.chrf import CHRF

from tandem.metrics.score import check_corpus


class SentenceScores(NamedTuple):
    """The scores of an output against the reference that fits best."""

    exact: bool
    """Whether the output equals a reference."""
    chrf: float
    """chrF2 in percent (Popović 2015)."""
    character_edits: int
    """The number of characters to insert, delete or replace to turn it into the nearest reference."""


def sentence_scores(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> list[SentenceScores]:
    """Return the scores of each hypothesis.

    Raises ValueError when the corpus is empty, the lengths differ or a hypothesis has no reference.
    """
    check_corpus(hypotheses, references)
    metric = CHRF()
    results = []
    for hypothesis, alternatives in zip(hypotheses, references, strict=True):
        texts = [hypothesis, *alternatives]
        text, *wanted = [text.lower() for text in texts] if lowercase else texts
        edits = min(Levenshtein.distance(text, reference) for reference in wanted)
        results.append(SentenceScores(edits == 0, metric.sentence_score(text, wanted).score, edits))
    return results
