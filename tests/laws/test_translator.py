"""What holds for every model and every text: how the work is divided changes nothing, and scores mean what they say."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.models import CellType
from tandem.translation.messages import Translation
from tandem.translation.translator import Translator
from tests.support.models import CELL_TYPES
from tests.support.runs import NUMBERS, untrained

EVERY_CELL = pytest.mark.parametrize("cell", CELL_TYPES)
BEAMS = st.integers(1, 4)


@cache
def model_of(cell: CellType) -> Translator:
    return untrained(cell, "model.init_range=0.8", "text.reverse_source=true")


def texts(most: int = 6) -> st.SearchStrategy[list[str]]:
    """Known and unknown words, empty texts among them, in any order and number."""
    word = st.sampled_from([*NUMBERS, "unbekannt", "?"])
    return st.lists(st.lists(word, max_size=7).map(" ".join), min_size=1, max_size=most)


def assert_same(one: list[Translation], other: list[Translation]) -> None:
    assert [translation.text for translation in one] == [translation.text for translation in other]
    assert [translation.score for translation in one] == pytest.approx([t.score for t in other], abs=1e-5)


@EVERY_CELL
@settings(max_examples=8)
@given(batch=texts(), width=BEAMS)
def test_alone_or_in_a_batch_is_the_same(cell: CellType, batch: list[str], width: int) -> None:
    translator = model_of(cell)
    search = translator.search_settings(beam=width)
    alone = [translator.translate([text], search)[0] for text in batch]
    assert_same(translator.translate(batch, search), alone)


@EVERY_CELL
@settings(max_examples=8)
@given(batch=texts(12), width=BEAMS, size=st.integers(1, 13), data=st.data())
def test_batch_size_and_order_change_nothing(
    cell: CellType, batch: list[str], width: int, size: int, data: st.DataObject
) -> None:
    translator = model_of(cell)
    straight = translator.translate(batch, translator.search_settings(beam=width))
    order = data.draw(st.permutations(range(len(batch))))
    shuffled = translator.translate([batch[n] for n in order], translator.search_settings(beam=width, batch_size=size))
    assert_same(shuffled, [straight[n] for n in order])


@EVERY_CELL
@settings(max_examples=8)
@given(batch=texts(), width=BEAMS)
def test_a_translations_score_is_its_log_probability(cell: CellType, batch: list[str], width: int) -> None:
    translator = model_of(cell)
    batch = [text for text in batch if text]
    made = translator.translate(batch, translator.search_settings(beam=width))
    scored = translator.score(batch, [translation.text for translation in made])
    for translation, score in zip(made, scored, strict=True):
        assert score.tokens == translation.tokens
        assert score.log_probability == pytest.approx(translation.log_probability, abs=1e-4)
        assert score.token_scores == pytest.approx(translation.token_scores, abs=1e-4)


@EVERY_CELL
@settings(max_examples=6)
@given(sources=texts(), targets=texts(), size=st.integers(1, 9))
def test_scoring_alone_or_in_a_batch_is_the_same(
    cell: CellType, sources: list[str], targets: list[str], size: int
) -> None:
    translator = model_of(cell)
    pairs = list(zip(sources, targets, strict=False))
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    together = translator.score(sources, targets, size)
    for found, source, target in zip(together, sources, targets, strict=True):
        (alone,) = translator.score([source], [target])
        assert found.tokens == alone.tokens
        assert found.log_probability == pytest.approx(alone.log_probability, abs=1e-5)


@EVERY_CELL
@settings(max_examples=6)
@given(batch=texts(), width=st.integers(2, 5), data=st.data())
def test_the_n_best_are_in_order_different_and_led_by_the_best(
    cell: CellType, batch: list[str], width: int, data: st.DataObject
) -> None:
    translator = model_of(cell)
    n_best = data.draw(st.integers(2, width))
    best = translator.translate(batch, translator.search_settings(beam=width))
    found = translator.translate(batch, translator.search_settings(beam=width, n_best=n_best))
    assert [t.text for t in found if not t.alternatives] == []
    for one, many in zip(best, found, strict=True):
        assert 1 <= len(many.alternatives) <= n_best
        first = many.alternatives[0]
        assert (first.text, first.score) == (many.text, many.score)
        scores = [alternative.score for alternative in many.alternatives]
        assert scores == sorted(scores, reverse=True)
        assert len({alternative.tokens for alternative in many.alternatives}) == len(many.alternatives)
        assert many.score >= one.score - 1e-9


@EVERY_CELL
@settings(max_examples=6)
@given(
    text=st.lists(st.sampled_from(list(NUMBERS)), min_size=1, max_size=7),
    width=BEAMS,
    penalty=st.floats(0, 2),
    factor=st.none() | st.floats(0, 4, exclude_min=True),
    extra=st.none() | st.integers(0, 12),
)
def test_scores_add_up_and_lengths_keep_their_limit(
    cell: CellType, text: list[str], width: int, penalty: float, factor: float | None, extra: int | None
) -> None:
    translator = model_of(cell)
    search = translator.search_settings(
        beam=width, length_penalty=penalty, max_length_factor=factor, max_length_extra=extra
    )
    (found,) = translator.translate([" ".join(text)], search)
    limits = translator.recipe.search
    assert search.max_length_factor == (limits.max_length_factor if factor is None else factor)
    assert search.max_length_extra == (limits.max_length_extra if extra is None else extra)
    assert len(found.tokens) <= search.max_length_factor * len(text) + search.max_length_extra
    assert (found.stopped == "limit") == (
        len(found.tokens) + 1 > search.max_length_factor * len(text) + search.max_length_extra
    )
    assert len(found.token_scores) == len(found.tokens) + 1
    assert found.log_probability == pytest.approx(sum(found.token_scores))
    assert found.score == pytest.approx(found.log_probability / len(found.token_scores) ** penalty)


@EVERY_CELL
@settings(max_examples=20)
@given(lines=st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_has_a_translation_of_one_line_without_unknowns(cell: CellType, lines: list[str]) -> None:
    translator = model_of(cell)
    found = translator.translate(lines, translator.search_settings(beam=2))
    assert len(found) == len(lines)
    for translation in found:
        assert "\n" not in translation.text
        assert "\r" not in translation.text
        assert "<unk>" not in translation.tokens
