"""What a search knows of a model: it starts from a source and scores the next token, one step at a time.

Letters: `B` sentences, `S` source length, `N` rows of a step (hypotheses of all sentences), `V` vocabulary.
"""

from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from torch import Tensor


class SelectableState(Protocol):
    """A decoder's state of N rows, of which a search knows only that rows can be picked."""

    def select(self, rows: Tensor) -> Self:
        """Return the state of these rows, int64 `[N']`: repeats, reorders and drops rows in one call."""
        ...


S = TypeVar("S", bound=SelectableState)


class Step(NamedTuple, Generic[S]):
    """The scores of all next tokens, and the state after the tokens that were put in.

    The log-probability of token `v` in row `n` is `logits[n, v] - log_normaliser[n]`. The two are kept apart
    so that a search needs the log-probabilities of the few tokens that it chooses only.
    """

    logits: Tensor
    """`[N, V]`; a search never writes into it."""
    log_normaliser: Tensor
    """`[N]`"""
    state: S
    """N rows."""


class Stepper(Protocol[S]):
    """A model, an ensemble or a table: what greedy and beam search search over."""

    def start(self, source: Tensor, lengths: Tensor) -> S:
        """Read the sources, int64 `[S, B]` with lengths `[B]`, into a state of B rows."""
        ...

    def step(self, tokens: Tensor, state: S) -> Step[S]:
        """Feed one token to each row, int64 `[N]`, and score what may come next."""
        ...
