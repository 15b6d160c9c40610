"""What must hold of every engine: tables, models, ensembles."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.engines.members import Member
from tandem.engines.torch_engine import TorchEngine
from tandem.names import Averaging
from tests.laws.engines import (
    ATTENDING,
    COPYING,
    COPYING_ENGINES,
    ENGINES,
    NUMBERS,
    VOCABULARY,
    attending,
    closeness,
    framed,
    member,
    ranked,
)
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
    assert every.tokens.tolist() == [list(range(ranked(name, sources)))] * len(sources)
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
    allowed = [token for token in range(ranked(name, sources)) if token not in BANNED]
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
        assert alone == pytest.approx(together[row, : len(alone)], abs=closeness(name))
        assert (together[row, len(alone) :] == -np.inf).all()


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
    assert (aligned is not None) == (name in {*ATTENDING, *COPYING_ENGINES} - {"table"})
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
    attending = engine.with_attention()
    assert (attending is not None) == (name in ATTENDING or name in COPYING_ENGINES)
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
    assert engine.logits == VOCABULARY * (
        3 if name.endswith("mean of what copies") else 2 if "mean" in name or name.endswith("features") else 1
    )


@pytest.mark.parametrize("name", COPYING_ENGINES)
def test_a_word_of_the_source_is_copied_to_its_first_place_and_fed_back_as_unknown(name: str) -> None:
    engine, source = ENGINES[name](), framed([4, 6, 4, 5, 5])
    first = engine.step_all(np.array([SOS]), engine.start([source]))
    copied = VOCABULARY + 2
    assert np.flatnonzero(first.scores[0] > -np.inf).tolist() == [EOS, 4, 5, 6, copied]  # 6 and 5 have one number
    after, other = (engine.step_all(np.array([token]), first.state).scores for token in (copied, 0))
    assert np.array_equal(after, other)
    (scores,) = engine.score(engine.start([source]), np.array([0]), [[copied, 4]])
    assert scores == pytest.approx([first.scores[0, copied], after[0, 4]], abs=1e-5)


def test_what_the_source_vocabulary_lacks_is_read_as_unknown_and_copied_by_its_number() -> None:
    engine = ENGINES["copying"]()
    tokens, size = np.array([SOS]), len(NUMBERS.numbers)
    unknown = engine.step_all(tokens, engine.start([framed([0, 4])])).scores[0]
    known_target, new = (
        engine.step_all(tokens, engine.start([framed([size + number, 4])])).scores[0] for number in (6, 99)
    )
    assert np.flatnonzero(new > -np.inf).tolist() == [EOS, 4, 5, 6, VOCABULARY + 1]
    assert np.flatnonzero(known_target > -np.inf).tolist() == np.flatnonzero(unknown > -np.inf).tolist()
    assert known_target[6] > unknown[6]
    assert np.logaddexp(new[6], new[VOCABULARY + 1]) == pytest.approx(known_target[6], abs=1e-5)
    assert known_target[5] == pytest.approx(new[5], abs=1e-6)


def test_members_that_copy_nothing_find_what_is_copied_impossible() -> None:
    copying, plain = attending("gru", *COPYING), member("lstm", 1)
    tokens, sources = np.array([SOS]), [framed([5, 4])]

    def scores(*members: Member, averaging: Averaging = "arithmetic") -> np.ndarray:
        engine = TorchEngine(members, device=torch.device("cpu"), averaging=averaging, copying=NUMBERS)
        found: np.ndarray = engine.step_all(tokens, engine.start(sources)).scores[0]
        return found

    alone, both = scores(copying), scores(copying, plain)
    assert both[VOCABULARY + 1] == pytest.approx(alone[VOCABULARY + 1] - np.log(2), abs=1e-5)
    assert scores(copying, plain, averaging="geometric")[VOCABULARY + 1] == -np.inf
    with pytest.raises(ValueError, match="a model that copies needs the table of what it may copy"):
        TorchEngine([copying], device=torch.device("cpu"))
