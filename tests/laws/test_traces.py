"""What must hold of the trace of every search over every engine."""

from itertools import groupby
from math import inf
from typing import Any

import numpy as np
import pytest

from tandem.engines import Engine, Ids
from tandem.errors import TandemError
from tandem.search import BeamSearch, Inputs, run_search
from tandem.search.tracing import Node, SearchTrace, trace_search
from tests.laws.engines import ATTENDING, ENGINES
from tests.search.tables import EOS, SOS, TableEngine, log_probabilities, random_sources, random_table

EVERY_ENGINE = pytest.mark.parametrize("name", ENGINES)
SEARCHES = (BeamSearch(1), BeamSearch(4, 3, 0.6), BeamSearch(5, 2, 1), BeamSearch(3, 3))
LIMITS = (0, 1, 5, 8)
PREFIXES: tuple[Ids, ...] = ((), (4,), (5, 6, 4), ())


@EVERY_ENGINE
@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_a_trace_finds_what_the_search_finds(name: str, search: BeamSearch) -> None:
    engine = ENGINES[name]()
    for source, limit, prefix in zip(random_sources(4, 4), LIMITS, PREFIXES, strict=True):
        for forced in ((), prefix):
            assert_traced(search, engine, Inputs([source], [limit], [forced]))


@pytest.mark.parametrize("name", ATTENDING)
def test_so_does_one_with_coverage(name: str) -> None:
    engine = ENGINES[name]()
    for source, limit in zip(random_sources(5, 4), LIMITS, strict=True):
        assert_traced(BeamSearch(4, 3, 0.6, coverage=0.4), engine, Inputs([source], [limit]))


def assert_traced(search: BeamSearch, engine: Engine[Any], inputs: Inputs) -> None:
    trace = trace_search(search, engine, inputs)
    (expected,) = run_search(search, engine, inputs)
    assert trace.hypotheses == expected
    for number, hypothesis in zip(trace.results, expected, strict=True):
        path = path_to(trace, number)
        assert [node.token for node in path] == [*hypothesis.ids, EOS]
        assert [node.token_log_probability for node in path] == [*hypothesis.token_scores]
        assert (path[-1].fate, path[-1].score) == ("complete", hypothesis.score)
        assert all(node.fate == "live" for node in path[:-1])
    assert_consistent(search, trace)


def path_to(trace: SearchTrace, number: int) -> list[Node[int]]:
    """The nodes from the first token to a node."""
    node = trace.nodes[number]
    return [] if node.parent is None else [*path_to(trace, node.parent), node]


def assert_consistent(search: BeamSearch, trace: SearchTrace) -> None:
    root, *nodes = trace.nodes
    assert (root.parent, root.step, root.token) == (None, 0, SOS)
    worst = min(hypothesis.score for hypothesis in trace.hypotheses)
    for node in nodes:
        assert node.parent is not None
        parent = trace.nodes[node.parent]
        assert node.log_probability == parent.log_probability + node.token_log_probability
        assert (node.step, parent.token == EOS, parent.reason) == (parent.step + 1, False, "")
        assert (node.fate == "pruned") == (node.reason != "")
        assert (node.score is None) == (node.fate == "live" or node.reason in ("beam", "end"))
        if node.reason == "worse":
            assert node.score is not None
            assert node.score <= worst
    for step, group in groupby(nodes, key=lambda node: node.step):
        own = list(group)
        assert [node.place for node in own] == [*range(len(own))]
        assert [node.log_probability for node in own] == sorted((node.log_probability for node in own), reverse=True)
        ended = [node.place for node in own if node.score is not None]
        going = [node.place for node in own if node.fate == "live" or node.reason == "end"]
        pruned = {
            token: [node.place for node in own if node.reason == "beam" and (node.token == EOS) == token]
            for token in (True, False)
        }
        assert len(own) <= 2 * search.size
        assert max(len(ended), len(going)) <= search.size
        assert max(going, default=-1) < min(pruned[False], default=search.size * 2)
        assert max(ended, default=-1) < search.size <= min(pruned[True], default=search.size)
        assert {node.fate for node in own if node.place in going} <= {"pruned" if step == nodes[-1].step else "live"}


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_a_trace_has_all_that_was_looked_at(search: BeamSearch, levels: int | None) -> None:
    engine, sources = random_table(6, 9, levels), random_sources(6, 5, 9)
    reasons = set[str]()
    for source in sources:
        trace = trace_search(search, engine, Inputs([source], [5]))
        reasons |= {node.reason for node in trace.nodes}
        live = [number for number, node in enumerate(trace.nodes) if node.fate == "live"]
        for step, group in groupby(trace.nodes[1:], key=lambda node: node.step):
            expected = []
            for number in live:
                if trace.nodes[number].step == step - 1:
                    before = [node.token for node in path_to(trace, number)]
                    for token, score in enumerate(log_probabilities(engine, source, before)):
                        if score > -inf and (token == EOS or step <= 5):
                            expected.append((number, token, trace.nodes[number].log_probability + score))
            expected.sort(key=lambda one: -one[2])
            found = [(node.parent, node.token, node.log_probability) for node in group]
            assert found == expected[: 2 * search.size]
    assert reasons >= {"", "beam"}


def test_each_fate_has_its_reason() -> None:
    # One word, and an end that is likelier at every step, so that all is told by hand.
    table = np.full((1999, 5), -inf)
    table[:, EOS], table[:, 4] = -1.0, -2.0
    trace = trace_search(BeamSearch(1), TableEngine(table), Inputs([[SOS, EOS]], [3]))
    assert trace.nodes == [
        Node(None, 0, SOS, 0.0, 0.0, None, "live", "", 0),
        Node(0, 1, EOS, -1.0, -1.0, -1.0, "complete", "", 0),
        Node(0, 1, 4, -2.0, -2.0, None, "pruned", "end", 1),
    ]
    trace = trace_search(BeamSearch(2, 1, 1), TableEngine(table), Inputs([[SOS, EOS]], [3]))
    assert [(node.parent, node.token, node.score, node.fate, node.reason) for node in trace.nodes[1:]] == [
        (0, EOS, -1.0, "complete", ""),
        (0, 4, None, "pruned", "end"),
    ]
    table[:, 4] = -0.25
    trace = trace_search(BeamSearch(1, 1, 1), TableEngine(table), Inputs([[SOS, EOS]], [1]))
    assert [(node.parent, node.token, node.score, node.fate, node.reason) for node in trace.nodes[1:]] == [
        (0, 4, None, "live", ""),
        (0, EOS, None, "pruned", "beam"),
        (1, EOS, -0.625, "complete", ""),
    ]
    trace = trace_search(BeamSearch(2, 1, 1), TableEngine(table), Inputs([[SOS, EOS]], [1]))
    assert [(node.token, node.score, node.fate, node.reason) for node in trace.nodes[1:]] == [
        (4, None, "live", ""),
        (EOS, -1.0, "pruned", "worse"),
        (EOS, -0.625, "complete", ""),
    ]


def test_a_trace_is_of_one_source_that_has_an_output() -> None:
    with pytest.raises(ValueError, match="a trace is of exactly one source, not of 2"):
        trace_search(BeamSearch(2), random_table(1), Inputs([[SOS, EOS]] * 2, [1, 1]))
    with pytest.raises(TandemError, match="Search found no output for sentence 0"):
        trace_search(BeamSearch(2), TableEngine(np.full((1999, 5), -inf)), Inputs([[SOS, EOS]], [3]))
