"""The results of a search: ids with their scores."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """An output of a search, which ended with `<eos>`.

    A score is the log-probability divided by the length factor
    `len(token_scores) ** length_penalty`; with a length penalty of 0 it is the plain sum of Sutskever,
    Vinyals & Le (2014, arXiv 1409.3215, section 3.2).
    """

    ids: tuple[int, ...]
    """The tokens without `<sos>` and `<eos>`."""
    score: float
    """The score that hypotheses rank by; higher is better."""
    token_scores: tuple[float, ...]
    """The log-probability, in nats, of each output token, and of `<eos>` at the end."""

    @property
    def log_probability(self) -> float:
        """The log-probability of the whole hypothesis, in nats."""
        return sum(self.token_scores)
