"""Perplexity from a loss in nats."""

import math


def perplexity(loss: float) -> float:
    """Return `exp(loss)` for a loss in nats per token; infinity where the result is too large for a float."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
