"""What must hold of every engine: tables, models, ensembles."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.engines.members import Member
from tandem.engines.torch_engine import TorchEngine
from tests.laws.engines import ATTENDING, ENGINES, VOCABULARY, attending, closeness, framed
from tests.search.tables import BANNED, EOS, SOS

EVERY_ENGINE = pytest.mark.parametrize("name", ENGINES)
WORDS = st.lists(st.integers(4, VOCABULARY - 1), max_size=5)
SOURCES = st.lists(WORDS.map(framed), min_size=1, max_size=4)
few = settings(max_examples=10)


@EVERY_ENGINE
@few
@given(SOURCES, st.integers(1, VOCABULARY + 2), st.data())
def test_candidates_are_the_first_of_the_whole_vocabulary_in_order(
    name: str, sources: list[list[int]], count: int, data: st.DataObject
) -> None:
    engine = ENGINES[name]()
    tokens = np.array(data.draw(st.lists(st.integers(0, VOCABULARY - 1), min_size=len(sources), max_size=len(sources))))
    state = engine.start(sources)
    best, every = engine.step(tokens, state, count), engine.step_all(tokens, state)
    order = np.argsort(-every.scores, axis=1, kind="stable")[:, :count]
    possible = np.take_along_axis(every.scores, order, axis=1) > -np.inf
    assert every.tokens.tolist() == [list(range(VOCABULARY))] * len(sources)
    assert np.array_equal(best.tokens[possible], order[possible])
    assert np.array_equal(best.scores, np.take_along_axis(every.scores, order, axis=1))
    assert np.array_equal(best.eos, every.eos)
    assert np.array_equal(every.eos, every.scores[:, EOS])


@EVERY_ENGINE
def test_bans_take_tokens_away_and_change_no_other(name: str) -> None:
    engine, free = ENGINES[name](), ENGINES[name]().banning(())
    sources, tokens = [framed([4, 5]), framed([6])], np.array([SOS, SOS])
    banned, every = engine.step_all(tokens, engine.start(sources)), free.step_all(tokens, free.start(sources))
    assert (banned.scores[:, list(BANNED)] == -np.inf).all()
    allowed = [token for token in range(VOCABULARY) if token not in BANNED]
    assert np.array_equal(banned.scores[:, allowed], every.scores[:, allowed])
    assert np.exp(every.scores).sum(axis=1) == pytest.approx(1, abs=1e-5)


@EVERY_ENGINE
@few
@given(SOURCES, st.data())
def test_select_commutes_with_step(name: str, sources: list[list[int]], data: st.DataObject) -> None:
    """Rows may be repeated, reordered and dropped before a step or after it."""
    engine = ENGINES[name]()
    row = st.integers(0, len(sources) - 1)
    rows = np.array(data.draw(st.lists(row, min_size=1, max_size=6)))
    tokens = np.array(data.draw(st.lists(st.integers(2, 6), min_size=len(sources), max_size=len(sources))))
    state = engine.start(sources)
    before = engine.step_all(tokens[rows], state.select(rows))
    after = engine.step_all(tokens, state)
    assert before.scores == pytest.approx(after.scores[rows], abs=closeness(name))
    next_tokens = np.full(len(rows), 5)
    one, other = (engine.step_all(next_tokens, s) for s in (before.state, after.state.select(rows)))
    assert one.scores == pytest.approx(other.scores, abs=closeness(name))


@EVERY_ENGINE
@few
@given(SOURCES)
def test_a_source_is_read_the_same_in_any_company(name: str, sources: list[list[int]]) -> None:
    engine = ENGINES[name]()
    tokens = np.full(len(sources), SOS)
    together = engine.step_all(tokens, engine.start(sources)).scores
    for row, source in enumerate(sources):
        alone = engine.step_all(tokens[:1], engine.start([source])).scores[0]
        assert alone == pytest.approx(together[row], abs=closeness(name))


@EVERY_ENGINE
@few
@given(SOURCES, st.lists(st.tuples(st.integers(0, 3), WORDS.filter(bool)), min_size=1, max_size=6))
def test_targets_score_all_at_once_as_they_do_step_by_step(
    name: str, sources: list[list[int]], wanted: list[tuple[int, list[int]]]
) -> None:
    engine = ENGINES[name]()
    rows, targets = [row % len(sources) for row, _ in wanted], [target for _, target in wanted]
    scored = engine.score(engine.start(sources), np.array(rows), targets)
    for row, target, scores in zip(rows, targets, scored, strict=True):
        state, expected = engine.start([sources[row]]), []
        for before, token in zip((SOS, *target), target, strict=False):
            step = engine.step_all(np.array([before]), state)
            expected.append(step.scores[0, token])
            state = step.state
        assert scores == pytest.approx(expected, abs=closeness(name))


@EVERY_ENGINE
@few
@given(SOURCES, st.lists(st.tuples(st.integers(0, 3), WORDS.filter(bool)), min_size=1, max_size=6))
def test_alignments_are_the_same_in_any_company(
    name: str, sources: list[list[int]], wanted: list[tuple[int, list[int]]]
) -> None:
    engine = ENGINES[name]()
    rows, targets = [row % len(sources) for row, _ in wanted], [target for _, target in wanted]
    aligned = engine.align(engine.start(sources), np.array(rows), targets)
    assert (aligned is not None) == (name in {"luong", "gnmt", "mean with and without attention"})
    for row, target, weights in zip(rows, targets, aligned or [], strict=aligned is not None):
        length = len(sources[row])
        assert weights.shape == (len(target), max(map(len, sources)))
        assert weights.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
        assert not weights[:, length:].any()
        (alone,) = engine.align(engine.start([sources[row]]), np.array([0]), [target]) or [weights]
        assert weights[:, :length] == pytest.approx(alone, abs=closeness(name))


@EVERY_ENGINE
@few
@given(SOURCES, st.lists(st.tuples(st.integers(0, 3), WORDS.filter(bool)), min_size=1, max_size=3))
def test_steps_look_where_alignments_say(
    name: str, sources: list[list[int]], wanted: list[tuple[int, list[int]]]
) -> None:
    engine = ENGINES[name]()
    attending = engine.attending()
    assert (attending is not None) == (name in ATTENDING)
    start = engine.start(sources)
    assert engine.step(np.full(len(sources), SOS), start, 2).attention is None
    if attending is None or name == "table":
        return
    rows = np.array([row % len(sources) for row, _ in wanted])
    aligned = engine.align(start, rows, [target for _, target in wanted]) or []
    for row, (_, target), weights in zip(rows, wanted, aligned, strict=True):
        state = start.select(np.array([row]))
        for before, expected in zip((SOS, *target), weights, strict=False):
            step = attending.step(np.array([before]), state, 1)
            assert step.attention is not None
            assert step.attention[0] == pytest.approx(expected, abs=closeness(name))
            state = step.state


def test_a_member_that_reads_from_the_other_end_is_aligned_as_sources_are_given() -> None:
    settings = ("model.attention=luong", "model.layers=1")
    forward, backward = attending("lstm", *settings), attending("lstm", "text.reverse_source=true", *settings)
    source, turned = framed([4, 5, 6, 4]), framed([4, 6, 5, 4])
    target = [[4, 6, EOS]]

    def weights(*members: Member, ids: list[int]) -> np.ndarray:
        engine = TorchEngine(members, device=torch.device("cpu"))
        (aligned,) = engine.align(engine.start([ids]), np.array([0]), target) or []
        return aligned

    both = weights(forward, backward, ids=source)
    other = weights(backward, ids=turned)[:, [0, 4, 3, 2, 1, 5]]
    assert both == pytest.approx((weights(forward, ids=source) + other) / 2, abs=1e-5)


@EVERY_ENGINE
def test_what_an_engine_says_of_itself(name: str) -> None:
    engine = ENGINES[name]()
    assert (engine.sos, engine.eos, engine.vocabulary) == (SOS, EOS, VOCABULARY)
    assert engine.logits == VOCABULARY * (2 if "mean" in name else 1)
