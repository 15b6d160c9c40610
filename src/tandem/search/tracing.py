"""A trace of a beam search of one source: every continuation that it considered, and the fate of each."""

from collections.abc import Iterator
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from tandem.engines import Engine
from tandem.search.beam_search import BeamSearch, Expansion
from tandem.search.hypothesis import Hypothesis
from tandem.search.steps import Inputs, no_output_error

T = TypeVar("T")

Fate: TypeAlias = Literal["live", "complete", "pruned"]
"""Whether a continuation stayed in the beam, is one of the results, or was pruned."""
Reason: TypeAlias = Literal["", "beam", "worse", "end"]
"""Why a continuation was pruned.

"beam": it was not among the best K of its step. "worse": it is complete, and better complete ones were found. "end": it
was live when the search ended. Empty where it was not pruned.
"""


class Node(NamedTuple, Generic[T]):
    """A continuation that a step considered; a hypothesis is the path from the root to its last node."""

    parent: int | None
    """The number of the node that it continues; None for the root, `<sos>`."""
    step: int
    """The number of tokens on the path to it, `<sos>` not counted."""
    token: T
    """An id, or the token itself."""
    token_log_probability: float
    log_probability: float
    """The log-probability of the whole path, in nats."""
    score: float | None
    """The score that a complete hypothesis ranks by; None for all other nodes."""
    fate: Fate
    reason: Reason
    place: int
    """Its rank by log-probability among all continuations of its step; 0 is the best."""


def root(token: T) -> Node[T]:
    """Return the root, `<sos>`, which all other nodes follow."""
    return Node(None, 0, token, 0.0, 0.0, None, "live", "", 0)


class SearchTrace(NamedTuple):
    """A search from its first step to its last."""

    nodes: list[Node[int]]
    """The root, and then the continuations of each step, the best first."""
    results: list[int]
    """The number of the last node of each of the hypotheses, the best first."""
    hypotheses: list[Hypothesis]


def trace_search(search: BeamSearch, engine: Engine[Any], inputs: Inputs) -> SearchTrace:
    """Search one source, and return all that the search considered: the best 2 K continuations of each step.

    The hypotheses are those of `run_search`. Raise TandemError when the source has no output of a probability above
    zero, and ValueError when there is not exactly one source.
    """
    if len(inputs.sources) != 1:
        raise ValueError(f"a trace is of exactly one source, not of {len(inputs.sources)}")
    nodes = [root(engine.sos)]
    live, step, hypotheses = [0], 0, list[Hypothesis]()
    running = search.start(engine, inputs, np.zeros(1, np.int64))
    while len(running.keys):
        expansion = running.expand()
        going = expansion.places[0][expansion.live.mask[0]].tolist()
        first, step = len(nodes), step + 1
        nodes += _continuations(expansion, live, {*going}, step)
        live = [first + place for place in going]
        running, _, finished = running.prune(expansion)
        for one in finished:
            hypotheses = one.hypotheses
    if not hypotheses:
        raise no_output_error(0)
    numbers = {(node.parent, node.token): number for number, node in enumerate(nodes)}
    results = []
    for hypothesis in hypotheses:
        number = 0
        for token in (*hypothesis.ids, engine.eos):
            number = numbers[number, token]
        results.append(number)
    for number in live:
        nodes[number] = nodes[number]._replace(fate="pruned", reason="end")
    for number in {n for n, node in enumerate(nodes) if node.fate == "complete"}.difference(results):
        nodes[number] = nodes[number]._replace(fate="pruned", reason="worse")
    return SearchTrace(nodes, results, hypotheses)


def _continuations(expansion: Expansion, live: list[int], going: set[int], step: int) -> Iterator[Node[int]]:
    """Yield the possible continuations of the `live` nodes in a step; those at the places `going` stay in the beam."""
    ranks = expansion.ranks[0].tolist()
    each = zip(*(values[0].tolist() for values in expansion.continuations), strict=True)
    for place, (parent, token, token_score, score) in enumerate(each):
        if score == -np.inf:
            return  # so are all that follow
        rank: float | None = None
        fate: Fate = "live"
        reason: Reason = ""
        if place < len(ranks) and ranks[place] > -np.inf:
            rank, fate = ranks[place], "complete"
        elif place not in going:
            fate, reason = "pruned", "beam"
        yield Node(live[parent], step, token, token_score, score, rank, fate, reason, place)
