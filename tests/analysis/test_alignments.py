"""Where a model looks: figures of attention, from weights that are known."""

import math

import pytest

import tandem
from tandem.analysis import measure_attention
from tandem.metrics.bootstrap import Resampling
from tandem.translation import Translation
from tests.support.runs import number_pairs, untrained

ATTENDING = untrained("lstm", "model.attention=luong")


def looking(weights: list[list[float]], words: tuple[str, ...] = ("▁eins", "▁zwei")) -> Translation:
    """A translation of two words whose steps looked so, and whose `<eos>` looked at the end."""
    rows = [*weights, [0.0] * (len(words) + 1) + [1.0]]
    tokens = ("▁one",) * len(weights)
    source = ("<sos>", *words, "<eos>")
    return Translation("one", 0.0, tokens, (0.0,), source_tokens=source, attention=tuple(map(tuple, rows)))


def test_the_figures_are_those_of_the_weights() -> None:
    back = looking([[0.0, 0.0, 1.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.5, 0.5, 0.0, 0.0]])
    skipping = looking([[0.2, 0.05, 0.75, 0.0]])
    found = measure_attention("it", ATTENDING, ["a", "", "b"], [back, Translation("", 0.0, (), ()), skipping])
    assert found is not None
    assert found.sources == 2
    assert found.largest == pytest.approx(100 * (1 + 0.5 + 0.5 + 0.75) / 4)
    assert found.frame == pytest.approx(100 * (0.5 + 0.2) / 4)
    entropy = -sum(weight * math.log(weight) for weight in (0.2, 0.05, 0.75))
    assert found.positions == pytest.approx((1 + 2 + 2 + math.exp(entropy)) / 4)
    assert found.monotone == pytest.approx(50)  # from zwei back to eins, and from eins to eins
    assert found.passed_over == pytest.approx(100 * 1 / 4)
    assert [(word.word, word.count, word.of) for word in found.words] == [("eins", 1, 2)]
    first, second = found.samples
    assert (first.text, second.text) == ("a", "b")
    assert first.source_tokens == ("<sos>", "eins", "zwei", "<eos>")
    assert first.target_tokens == ("one", "one", "one", "<eos>")
    assert first.weights == back.attention


def test_one_token_has_no_order_and_nothing_no_figures() -> None:
    found = measure_attention("it", ATTENDING, ["a"], [looking([[0.0, 1.0, 0.0, 0.0]])])
    assert found is not None
    assert found.monotone is None
    assert measure_attention("it", ATTENDING, [""], [Translation("", 0.0, (), ())]) is None


def test_what_is_too_long_for_a_picture_is_measured_and_not_shown() -> None:
    words = ("▁eins",) * 70
    found = measure_attention("it", ATTENDING, ["a"], [looking([[0.0] * 71 + [1.0]], words)])
    assert found is not None
    assert (found.passed_over, found.samples) == (100, ())


def test_an_analysis_shows_where_the_models_with_attention_look() -> None:
    pairs = number_pairs(12)
    translators = {"blind": untrained(), "it": ATTENDING}
    analysis = tandem.analyse(translators, pairs, resampling=Resampling(samples=20))
    (found,) = analysis.attention
    assert (found.system, found.sources) == ("it", 12)
    (made,) = ATTENDING.translate([pairs[0][0]], alignment=True)
    sample = found.samples[0]
    assert (sample.text, sample.translation) == (pairs[0][0], made.text)
    assert [sum(row) for row in sample.weights] == pytest.approx([1] * len(sample.target_tokens))
