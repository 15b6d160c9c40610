"""What a translator returns: translations, and the scores of given targets."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

Stopped: TypeAlias = Literal["eos", "limit"]
"""Why an output ended: the model wrote `<eos>`, or the length limit was reached and only `<eos>` was allowed."""


class Replaced(NamedTuple):
    """An unknown token of a translation, and what stands in its place."""

    token: int
    """Its number among the tokens, counted from 0."""
    source: str
    """The word of the source that it came from, as it stands there."""
    text: str
    """The same, or what the dictionary has for it."""
    spaced: bool
    """Whether there is a space before it, where the target's tokens do not tell."""


@dataclass(frozen=True)
class Translation:
    """The translation of one source text."""

    text: str
    score: float
    """What it was ranked by: log-probability / tokens ** length_penalty, `<eos>` counted, and the coverage penalty."""
    tokens: tuple[str, ...]
    token_scores: tuple[float, ...]
    """The log-probability of each token, and of `<eos>` at the end."""
    alternatives: tuple["Translation", ...] = ()
    """The n best, this one first, where more than one was asked for."""
    cut: bool = False
    """Whether the source was too long and only its beginning was read."""
    stopped: Stopped = "eos"
    """"limit" where the output is as long as the length limits allow, so that its end may be missing."""
    unknown: tuple[str, ...] = ()
    """The pieces of the source that the model does not know, each once, in order; empty in `alternatives`."""
    confidence: float | None = None
    """The probability that the whole output is right, calibrated on validation data; None in `alternatives`.

    None, too, for an empty source, of an ensemble, and of a model that has no calibration.
    """

    replaced: tuple[Replaced, ...] | None = None
    """The unknown tokens and what stands for each in `text`; None unless they were to be replaced."""
    copied: tuple[int, ...] = ()
    """Which of `tokens`, counted from 0, the target vocabulary lacks: they were copied from the source."""
    source_tokens: tuple[str, ...] = ()
    """The tokens of the source, from `<sos>` to `<eos>`, where alignments were asked for."""
    attention: tuple[tuple[float, ...], ...] = ()
    """For each of `tokens` and for `<eos>`: how much it looked at each of `source_tokens`, which adds up to 1."""

    @property
    def alignment(self) -> tuple[tuple[int, int], ...]:
        """For each of `tokens`, the source token that it looked at most, as (source, target), both counted from 0.

        `<sos>` and `<eos>` are left out. Empty where alignments were not asked for.
        """
        inside = [weights[1:-1] for weights in self.attention[: len(self.tokens)]]
        return tuple((weights.index(max(weights)), target) for target, weights in enumerate(inside))

    @property
    def log_probability(self) -> float:
        """The log-probability of the whole translation, in nats."""
        return math.fsum(self.token_scores)


@dataclass(frozen=True)
class TargetScore:
    """How probable a model finds a given target."""

    log_probability: float
    """The log-probability of the target in nats, `<eos>` included."""
    tokens: tuple[str, ...]
    token_scores: tuple[float, ...]
    cut: bool = False


def translation_object(source: str, translation: Translation) -> dict[str, Any]:
    """Return a translation and its source as an object for JSON; with the alternatives where there are several.

    An alignment is in the form of the Pharaoh decoder: `SOURCE-TARGET` for each token of the translation.
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
    """Return the score of a given target as an object for JSON."""
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
