"""What a translator gives back: translations, and the scores of given targets."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Stopped: TypeAlias = Literal["eos", "limit"]
"""Why an output ended: the model wrote `<eos>`, or the length limit was reached and only `<eos>` was allowed."""


@dataclass(frozen=True)
class Translation:
    """What became of one source text."""

    text: str
    score: float
    """Log-probability / tokens ** length_penalty, `<eos>` counted: what it was ranked by."""
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

    @property
    def log_probability(self) -> float:
        """Of the whole translation, in nats."""
        return math.fsum(self.token_scores)


@dataclass(frozen=True)
class TargetScore:
    """How probable a model finds a given target."""

    log_probability: float
    """In nats, `<eos>` included."""
    tokens: tuple[str, ...]
    token_scores: tuple[float, ...]
    cut: bool = False
    """Whether the source was too long and only its beginning was read."""
