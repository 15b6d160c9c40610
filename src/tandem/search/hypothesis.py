"""What a search finds: ids with their scores."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """One finished or unfinished output sentence.

    Searches return finished ones only. A score is the log-probability divided by the length factor
    `len(token_scores) ** length_penalty`; with a length penalty of 0 it is the plain sum of Sutskever,
    Vinyals & Le (2014, arXiv 1409.3215, section 3.2).
    """

    ids: tuple[int, ...]
    """The tokens without `<sos>` and `<eos>`."""
    score: float
    """What the hypothesis was ranked by; higher is better."""
    token_scores: tuple[float, ...]
    """The log-probability, in nats, of each token that was put out, that of `<eos>` last when it ended."""

    @property
    def finished(self) -> bool:
        """Whether the hypothesis ended with `<eos>`."""
        return len(self.token_scores) == len(self.ids) + 1

    @property
    def log_probability(self) -> float:
        """The log-probability of the whole hypothesis, in nats."""
        return sum(self.token_scores)
