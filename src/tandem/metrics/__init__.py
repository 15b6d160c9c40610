"""Hypotheses and references -> scores, each with its signature."""

from tandem.metrics.perplexity import perplexity
from tandem.metrics.score import Score
from tandem.metrics.sequences import exact, token_edit_rate, word_edit_rate
from tandem.metrics.translation import bleu, chrf, score_translations, ter

__all__ = [
    "Score",
    "bleu",
    "chrf",
    "exact",
    "perplexity",
    "score_translations",
    "ter",
    "token_edit_rate",
    "word_edit_rate",
]
