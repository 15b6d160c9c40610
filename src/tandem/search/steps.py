"""What all searches share: their inputs, and how they are started, stepped, joined and ended.

Letters: `B` sources, `N` rows of a step (live hypotheses).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, TypeAlias

import numpy as np

from tandem.engines import Engine, FloatArray, Ids, IntArray
from tandem.errors import TandemError
from tandem.search.hypothesis import Hypothesis


@dataclass(frozen=True)
class Inputs:
    """The sources of one search, and the constraints on their outputs."""

    sources: Sequence[Ids]
    """Each framed by `<sos>` and `<eos>`."""
    max_lengths: Sequence[int]
    """The largest number of tokens of each output, `<eos>` not counted. At the limit only `<eos>` may follow."""
    prefixes: Sequence[Ids] | None = None
    """The tokens that each output must begin with; None for no such tokens. They may not reach the limit."""
    numbers: Sequence[int] | None = None
    """The number of each source in its stream, from which sampling draws; None counts from 0."""

    def __post_init__(self) -> None:
        """Raise ValueError when the numbers of sources, limits and prefixes differ, or a limit is out of range."""
        prefixes = self.prefixes or [()] * len(self.sources)
        for what, values in (("max_lengths", self.max_lengths), ("prefixes", prefixes)):
            if len(values) != len(self.sources):
                raise ValueError(
                    f"{what} must hold one value for each of {len(self.sources)} sources, not {len(values)}"
                )
        for limit, prefix in zip(self.max_lengths, prefixes, strict=True):
            if limit < len(prefix):
                raise ValueError(
                    f"max_lengths must not be negative, nor less than the {len(prefix)} tokens that an output must "
                    f"begin with, but one is {limit}"
                )


class SearchStep(NamedTuple):
    """The live hypotheses after a step, each with the token that the step added."""

    sources: IntArray
    """`[N]`, the key of the source that each belongs to."""
    parents: IntArray
    """`[N]`, which hypothesis of the step before it continues."""
    tokens: IntArray
    """`[N]`"""
    scores: FloatArray
    """`[N]`, the log-probability of each whole hypothesis, in nats."""


class Finished(NamedTuple):
    """The results for one source."""

    key: int
    hypotheses: list[Hypothesis]
    """The best first; empty if no output has a probability above zero."""


class Running(Protocol):
    """A running search. It is a value: a step returns the next one.

    Finished sources leave at once. `keep` removes sources, and `join` adds others between any two steps. None of this
    changes the results for a source.
    """

    @property
    def keys(self) -> IntArray:
        """`[B]`, the caller's numbers for the sources that are still being searched."""
        ...

    def step(self) -> "tuple[Running, SearchStep, list[Finished]]":
        """Take a step for all sources; return the search after it, the step, and the sources that it finished."""
        ...

    def best(self, sources: IntArray) -> list[list[int]]:
        """Return the tokens so far of the best live hypothesis of each of these sources, counted as for `keep`."""
        ...

    def keep(self, sources: IntArray) -> "Running":
        """Return the search of only these sources, counted from 0 in the order of `keys`."""
        ...

    def join(self, other: Self) -> "Running":
        """Return the search of these sources and those of `other`, which has the same method and engine."""
        ...


class Search(Protocol):
    """A way to search."""

    @property
    def width(self) -> int:
        """The largest number of live hypotheses of a source."""
        ...

    def start(self, engine: Engine[Any], inputs: Inputs, keys: IntArray) -> Running:
        """Start a search of one or more sources; `keys [B]` identify them."""
        ...


Steps: TypeAlias = Generator[SearchStep, None, list[list[Hypothesis]]]
"""A running search: it yields each step and returns the finished hypotheses of each source, the best first.

Closing the generator ends the search.
"""


def search_steps(search: Search, engine: Engine[Any], inputs: Inputs) -> Steps:
    """Search all sources from beginning to end. The keys of the steps count the sources from 0.

    Raise TandemError when a source has no output of a probability above zero.
    """
    results: list[list[Hypothesis]] = [[] for _ in inputs.sources]
    running = search.start(engine, inputs, np.arange(len(results))) if results else None
    while running is not None and len(running.keys):
        running, step, finished = running.step()
        for key, hypotheses in finished:
            results[key] = hypotheses
        yield step
    for source, hypotheses in enumerate(results):
        if not hypotheses:
            raise no_output_error(source)
    return results


def run_search(search: Search, engine: Engine[Any], inputs: Inputs) -> list[list[Hypothesis]]:
    """Take all steps of a search, and return its hypotheses: see `search_steps`."""
    steps = search_steps(search, engine, inputs)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            results: list[list[Hypothesis]] = end.value
            return results


def no_output_error(source: int) -> TandemError:
    """Return the error for a source that has no output of a probability above zero."""
    return TandemError(
        f"Search found no output for sentence {source} (counted from 0): at some step every token that may"
        " follow has a log-probability of minus infinity or NaN. This happens when a model's weights or"
        " inputs are not finite; look at the training's loss, or load an earlier checkpoint."
    )
