"""Where models with attention look: how sharply, in which order, and which words of a source they pass over.

Letters: `T` tokens of a translation, `S` tokens of its source, `<sos>` and `<eos>` counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from tandem.analysis.mistakes import WordCount
from tandem.engines import FloatArray
from tandem.text.pipeline import MARK
from tandem.translation.messages import Translation
from tandem.translation.translator import Translator

LEAST_LOOK = 0.1
"""The weight from which on a token counts as looked at."""
_SHOWN = 8  # Translations that are shown
_MOST_TOKENS = 60  # A longer source or translation makes no picture that could be read
_MOST_WORDS = 20


@dataclass(frozen=True)
class Alignment:
    """Where a model looked while it wrote one translation."""

    text: str
    translation: str
    source_tokens: tuple[str, ...]  # From `<sos>` to `<eos>`
    target_tokens: tuple[str, ...]  # `<eos>` at the end
    weights: tuple[tuple[float, ...], ...]  # A row for each target token, with a weight for each source token

    @classmethod
    def of(cls, text: str, translation: Translation, translator: Translator) -> Self:
        """Return the alignment of a text's translation. Of whole words, the mark of the space before is left out."""
        source, target = (
            tuple(token.removeprefix(MARK) for token in tokens) if tokenizer.kind == "word" else tokens
            for tokens, tokenizer in (
                (translation.source_tokens, translator.source_tokenizer),
                ((*translation.tokens, "<eos>"), translator.target_tokenizer),
            )
        )
        return cls(text, translation.text, source, target, translation.attention)


@dataclass(frozen=True)
class Attention:
    """How a model looks at its sources. Shares are in percent; the step that writes `<eos>` does not count."""

    system: str
    sources: int  # The number of sources that it was measured on
    largest: float  # The mean of each step's largest weight
    positions: float  # How many tokens a step looks at: e to the power of its entropy, the mean over steps
    frame: float  # The weight that lies on `<sos>` and `<eos>`
    monotone: float | None  # Steps that look no further back than the step before; None without two steps in a row
    passed_over: float  # Source tokens to which no step gave a weight of `LEAST_LOOK`
    words: tuple[WordCount, ...]  # The commonest of these tokens
    samples: tuple[Alignment, ...]


def measure_attention(
    system: str, translator: Translator, texts: Sequence[str], translations: Sequence[Translation]
) -> Attention | None:
    """Measure where a translator looked. None where nothing was written."""
    pairs = list(zip(texts, translations, strict=True))
    alignments = [Alignment.of(text, made, translator) for text, made in pairs if made.tokens]
    if not alignments:
        return None
    tables: list[FloatArray] = [np.array(one.weights[:-1]) for one in alignments]  # (T, S) each
    steps = np.concatenate([_measures(table) for table in tables])  # (all T, 3)
    moves = np.concatenate([np.diff(table[:, 1:-1].argmax(axis=1)) for table in tables])
    seen: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for one, table in zip(alignments, tables, strict=True):
        words = one.source_tokens[1:-1]
        seen.update(words)
        passed.update(word for word, most in zip(words, table[:, 1:-1].max(axis=0), strict=True) if most < LEAST_LOOK)
    shown = [one for one in alignments if max(len(one.source_tokens), len(one.target_tokens)) <= _MOST_TOKENS]
    return Attention(
        system,
        len(alignments),
        largest=100 * float(steps[:, 0].mean()),
        positions=float(np.exp(steps[:, 1]).mean()),
        frame=100 * float(steps[:, 2].mean()),
        monotone=100 * float((moves >= 0).mean()) if len(moves) else None,
        passed_over=100 * passed.total() / seen.total(),
        words=tuple(WordCount(word, count, seen[word]) for word, count in passed.most_common(_MOST_WORDS)),
        samples=tuple(shown[:: max(1, len(shown) // _SHOWN)][:_SHOWN]),
    )


def _measures(weights: FloatArray) -> FloatArray:
    """Return for each row of `weights [T, S]` the largest, the entropy in nats, and the frame's share: `[T, 3]`."""
    logarithms = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return np.stack([weights.max(axis=1), -(weights * logarithms).sum(axis=1), weights[:, 0] + weights[:, -1]], axis=1)
