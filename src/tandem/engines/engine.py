"""What a search knows of a model: it reads sources and ranks the next tokens, one step at a time.

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
    """`[N]`, the log-probability of `<eos>`, whether or not it is among the candidates."""
    state: S
    """N rows."""
    attention: FloatArray | None = None
    """`[N, S]`, how much this step looked at each token of the row's source; None unless the engine is to tell.

    S tokens of the longest source, the frame counted. A row adds up to 1; behind the end of its source it is 0.
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
        """Whether `influence` goes by gradients. Without them it leaves tokens out."""
        ...

    @property
    def vocabulary(self) -> int:
        """The number of tokens, V. An engine that copies has V + i, too, for the token at position i of a source."""
        ...

    @property
    def logits(self) -> int:
        """The number of logits that a step makes of one row: V for each member."""
        ...

    def banning(self, ids: Ids) -> Self:
        """Return an engine like this one that bans these ids alone. Raise ValueError when `<eos>` is among them."""
        ...

    def with_attention(self) -> Self | None:
        """Return an engine like this one whose candidates tell where the step looked; None without attention."""
        ...

    def start(self, sources: Sequence[Ids]) -> S:
        """Read the sources, each framed by `<sos>` and `<eos>`, into a state of B rows."""
        ...

    def join(self, state: S, other: S) -> S:
        """Return the state of the rows of two states, those of the first before those of the other."""
        ...

    def step(self, tokens: IntArray, state: S, count: int) -> Candidates[S]:
        """Feed one token to each row, `[N]`, and return the `count` best next tokens, or all where there are fewer."""
        ...

    def step_all(self, tokens: IntArray, state: S) -> Candidates[S]:
        """Feed one token to each row, `[N]`, and return all tokens in the order of the ids."""
        ...

    def align(self, state: S, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray] | None:
        """Return how much each token of each target looked at each token of its source; None without attention.

        Targets are given as for `score`. Each array is `[T, S]`: T tokens of the target, S of the longest source, the
        frame counted. A row adds up to 1; behind the end of its source it is 0.
        """
        ...

    def influence(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[FloatArray]:
        """Return how much each token of each source speaks for the last token of its target, `[S]` each, in nats.

        Sources are given as for `start`, targets as for `score`, none of them empty. Raise TandemError where it cannot
        be told.
        """
        ...

    def score(self, state: S, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray]:
        """Return the log-probability of each token of each target, in nats.

        Target `n` follows `<sos>` in row `rows[n]` of a state that `start` returned. Whether a target ends in `<eos>`
        is up to the caller. Bans do not apply.
        """
        ...
