"""The interface between a search and a model, which reads sources and ranks the next tokens, one step at a time.

Letters: `B` sources, `N` rows of a step (the live hypotheses of all sources), `C` candidates of each row, `V`
vocabulary.
"""

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Ids: TypeAlias = Sequence[int]


class State(Protocol):
    """An engine's state of N rows. A search knows only that rows can be selected."""

    def select(self, rows: IntArray) -> Self:
        """Return the state of these rows, `[N']`: repeat, reorder and drop rows in one call."""
        ...


S = TypeVar("S", bound=State)


class Candidates(NamedTuple, Generic[S]):
    """The next tokens of each row with their log-probabilities, and the state after the tokens that were fed."""

    tokens: IntArray
    """`[N, C]`, the best first. Among equals the lowest id comes first."""
    scores: FloatArray
    """`[N, C]`, log-probabilities in nats. Minus infinity and NaN mark a token that cannot follow."""
    eos: FloatArray
    """`[N]`, the log-probability of `<eos>`, even if it is not among the candidates."""
    state: S
    """N rows."""
    attention: FloatArray | None = None
    """`[N, S]`, the attention of this step to each token of the row's source; None unless it was requested.

    S is the length of the longest source, with `<sos>` and `<eos>`. A row adds up to 1; after the end of its source, it
    is 0.
    """


class Engine(Protocol[S]):
    """A model, an ensemble or a table: what greedy search, beam search and sampling search over.

    Banned ids are never among the candidates. The probabilities of the others are not renormalised.
    """

    @property
    def sos(self) -> int:
        """The id that is fed first."""
        ...

    @property
    def eos(self) -> int:
        """The id that ends an output."""
        ...

    @property
    def has_gradients(self) -> bool:
        """Whether `influence` uses gradients. Without gradients, it leaves tokens out."""
        ...

    @property
    def vocabulary(self) -> int:
        """The number of tokens, V. If the engine copies, V + i is the token at position i of a source."""
        ...

    @property
    def logits(self) -> int:
        """The number of logits that a step computes for one row: V for each member."""
        ...

    def banning(self, ids: Ids) -> Self:
        """Return an engine like this one that bans exactly these ids. Raise ValueError if `<eos>` is among them."""
        ...

    def with_attention(self) -> Self | None:
        """Return an engine like this one whose candidates have their attention; None for a model without attention."""
        ...

    def start(self, sources: Sequence[Ids]) -> S:
        """Read the sources, each framed by `<sos>` and `<eos>`, into a state of B rows."""
        ...

    def join(self, state: S, other: S) -> S:
        """Return the state of the rows of two states, those of the first before those of the other."""
        ...

    def step(self, tokens: IntArray, state: S, count: int) -> Candidates[S]:
        """Feed one token to each row, `[N]`, and return the `count` best next tokens, or all if there are fewer."""
        ...

    def step_all(self, tokens: IntArray, state: S) -> Candidates[S]:
        """Feed one token to each row, `[N]`, and return all tokens in the order of the ids."""
        ...

    def align(self, state: S, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray] | None:
        """Return the attention of each token of each target to each token of its source; None without attention.

        Targets are given as for `score`. Each array is `[T, S]`: T tokens of the target, S tokens of the longest
        source, with `<sos>` and `<eos>`. A row adds up to 1; after the end of its source, it is 0.
        """
        ...

    def influence(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[FloatArray]:
        """Return how much each token of each source contributes to the last token of its target, `[S]` each, in nats.

        Sources are given as for `start`, and targets as for `score`; no target may be empty. Raise TandemError if the
        engine cannot compute this.
        """
        ...

    def score(self, state: S, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray]:
        """Return the log-probability of each token of each target, in nats.

        Target `n` follows `<sos>` in row `rows[n]` of a state that `start` returned. The caller decides whether a
        target ends in `<eos>`. Bans do not apply.
        """
        ...
