"""The results of a translator: translations, and scores of given targets."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

Stopped: TypeAlias = Literal["eos", "limit"]
"""Why an output ended: the model wrote `<eos>`, or the length limit was reached and only `<eos>` was allowed."""


class Replaced(NamedTuple):
    """An unknown token of a translation, and the text that replaces it."""

    token: int
    """The number of the token in the translation, counted from 0."""
    source: str
    """The source word that it stands for, as written in the source."""
    text: str
    """The replacement: the source word, or its entry in the dictionary."""
    spaced: bool
    """Whether a space precedes it, for tokenizers whose tokens do not say so."""


@dataclass(frozen=True)
class Translation:
    """The translation of one source text."""

    text: str
    score: float
    """The score that it ranks by: log-probability / tokens ** length_penalty + coverage penalty, `<eos>` counted."""
    tokens: tuple[str, ...]
    token_scores: tuple[float, ...]
    """The log-probability of each token, and of `<eos>` at the end."""
    alternatives: tuple["Translation", ...] = ()
    """The n best translations, beginning with this one; empty unless more than one was requested."""
    cut: bool = False
    """Whether the source was too long and only its beginning was read."""
    stopped: Stopped = "eos"
    """"limit" if the output reached the length limit, so that its end may be missing."""
    unknown: tuple[str, ...] = ()
    """The pieces of the source that the model does not know, each once, in order; empty in `alternatives`."""
    confidence: float | None = None
    """The probability that the whole output is right, calibrated on validation data; None in `alternatives`.

    Also None for an empty source, for an ensemble, and for a model without a calibration.
    """

    replaced: tuple[Replaced, ...] | None = None
    """The unknown tokens and their replacements in `text`; None unless replacement was requested."""
    copied: tuple[int, ...] = ()
    """The positions in `tokens`, counted from 0, of tokens that were copied from the source.

    The target vocabulary lacks these tokens.
    """

    source_tokens: tuple[str, ...] = ()
    """The tokens of the source, from `<sos>` to `<eos>`; empty unless alignments were requested."""
    attention: tuple[tuple[float, ...], ...] = ()
    """A row for each of `tokens` and for `<eos>`: its attention to each of `source_tokens`, which adds up to 1."""

    @property
    def alignment(self) -> tuple[tuple[int, int], ...]:
        """A pair (source, target) for each of `tokens`: the source token with the most attention, and the token.

        Both are counted from 0, without `<sos>` and `<eos>`. Empty unless alignments were requested.
        """
        inside = [weights[1:-1] for weights in self.attention[: len(self.tokens)]]
        return tuple((weights.index(max(weights)), target) for target, weights in enumerate(inside))

    @property
    def log_probability(self) -> float:
        """The log-probability of the whole translation, in nats."""
        return math.fsum(self.token_scores)


@dataclass(frozen=True)
class TargetScore:
    """How probable a given target is to a model."""

    log_probability: float
    """The log-probability of the target in nats, `<eos>` included."""
    tokens: tuple[str, ...]
    token_scores: tuple[float, ...]
    cut: bool = False


def translation_object(source: str, translation: Translation) -> dict[str, Any]:
    """Return a translation and its source as a JSON object, with the alternatives if there are several.

    An alignment is in the format of the Pharaoh decoder: `SOURCE-TARGET` for each token of the translation.
    """
    content = {
        "source": source,
        **_hypothesis_object(translation),
        "confidence": translation.confidence,
        "unknown": translation.unknown,
    }
    if translation.attention:
        content["source_tokens"] = translation.source_tokens
        content["alignment"] = " ".join(f"{place}-{target}" for place, target in translation.alignment)
        content["attention"] = [[round(weight, 4) for weight in weights] for weights in translation.attention]
    if translation.alternatives:
        content["alternatives"] = [_hypothesis_object(alternative) for alternative in translation.alternatives]
    return content


def target_score_object(source: str, target: str, score: TargetScore) -> dict[str, Any]:
    """Return the score of a given target as a JSON object."""
    return {"source": source, "target": target, **asdict(score)}


def _hypothesis_object(translation: Translation) -> dict[str, Any]:
    copied = {"copied": translation.copied} if translation.copied else {}
    content = {
        "text": translation.text,
        "score": translation.score,
        "log_probability": translation.log_probability,
        "tokens": translation.tokens,
        "token_scores": translation.token_scores,
        **copied,
        "stopped": translation.stopped,
    }
    if translation.replaced is not None:
        content["replaced"] = [
            {"token": one.token, "source": one.source, "text": one.text} for one in translation.replaced
        ]
    return content
