"""A score with its signature, without which it cannot be compared."""

import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A figure over a whole corpus, and the settings that reproduce it."""

    name: str
    value: float  # The value, in percent if the score is a share or a rate
    signature: str  # Metric, case, tokenisation, references and version, joined by `|`
    note: str = ""  # Further information for a reader, such as what was left out


def check_corpus(hypotheses: Sized, references: Sequence[Sized]) -> None:
    """Raise ValueError unless the corpus has a hypothesis, and every hypothesis has a list of references."""
    if len(hypotheses) != len(references):
        raise ValueError(
            f"{len(hypotheses)} hypotheses but {len(references)} lists of references: "
            "give one list of references for each hypothesis."
        )
    if len(hypotheses) == 0:
        raise ValueError("The corpus is empty: a score needs at least one hypothesis.")
    for index, alternatives in enumerate(references):
        if isinstance(alternatives, str):
            raise ValueError(
                f"The references of hypothesis {index} (counted from 0) are one string, {alternatives!r}: "
                "give a list, even of one reference."
            )
        if len(alternatives) == 0:
            raise ValueError(f"Hypothesis {index} (counted from 0) has no reference: give at least one.")


def perplexity(loss: float) -> float:
    """Return `exp(loss)` for a loss in nats per token; infinity if the result is too large for a float."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
