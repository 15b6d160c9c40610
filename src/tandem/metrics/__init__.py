"""Scores of hypotheses against references, each with its signature."""

from typing import TYPE_CHECKING

from tandem.lazy import names_of
from tandem.names import BleuTokenizer, TokenizerChoice

if TYPE_CHECKING:
    from tandem.metrics.fitting import fits_exact, in_order, leading_scores
    from tandem.metrics.score import Score, perplexity
    from tandem.metrics.sequences import character_edit_rate, exact, token_edit_rate, word_edit_rate
    from tandem.metrics.tokenisation import choose_tokenizer
    from tandem.metrics.translation import (
        SentenceScores,
        bleu,
        chrf,
        score_of,
        score_translations,
        sentence_scores,
        ter,
    )

__all__ = [
    "BleuTokenizer",
    "Score",
    "SentenceScores",
    "TokenizerChoice",
    "bleu",
    "character_edit_rate",
    "choose_tokenizer",
    "chrf",
    "exact",
    "fits_exact",
    "in_order",
    "leading_scores",
    "perplexity",
    "score_of",
    "score_translations",
    "sentence_scores",
    "ter",
    "token_edit_rate",
    "word_edit_rate",
]

# Imported on first use: translating needs none of the libraries behind them.
__getattr__ = names_of(
    __name__,
    {
        "fitting": ("fits_exact", "in_order", "leading_scores"),
        "score": ("Score", "perplexity"),
        "sequences": ("character_edit_rate", "exact", "token_edit_rate", "word_edit_rate"),
        "tokenisation": ("choose_tokenizer",),
        "translation": ("SentenceScores", "bleu", "chrf", "score_of", "score_translations", "sentence_scores", "ter"),
    },
)
