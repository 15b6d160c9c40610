"""The coverage penalty, from the recipe and the options to the scores."""

import math

import pytest

from tandem.errors import RecipeError, TandemError
from tandem.recipe import override
from tandem.runs.evaluation import search_signature
from tests.support.runs import tiny_recipe, untrained

TEXTS = ["eins zwei drei", "", "drei eins vier eins", "zwei"]
ATTENDING = ("model.attention=luong", "model.bidirectional=true", "search.length_penalty=0.5")


def test_a_score_holds_the_penalty_of_what_was_passed_over() -> None:
    limits = ("search.max_length_factor=0.5", "search.max_length_extra=1")  # too few steps to look at everything
    translator = untrained("lstm", *ATTENDING, "text.reverse_source=true", *limits)
    made = translator.translate(TEXTS, coverage=0.3, beam=3, n_best=2, alignment=True)
    penalties = []
    for text, one in zip(TEXTS, made, strict=True):
        if not text:
            continue
        sums = [sum(column) for column in zip(*one.attention, strict=True)][1:-1]
        penalty = 0.3 * sum(math.log(min(max(total, 1e-10), 1)) for total in sums)
        penalties.append(penalty)
        expected = one.log_probability / len(one.token_scores) ** 0.5 + penalty
        assert one.score == pytest.approx(expected, abs=1e-4)
        assert one.score >= one.alternatives[1].score
        (alone,) = translator.translate([text], coverage=0.3, beam=3, n_best=2, batch_size=1)
        assert [other.text for other in alone.alternatives] == [other.text for other in one.alternatives]
    assert min(penalties) < -0.1


def test_greedy_search_writes_the_same_with_another_score() -> None:
    translator = untrained("gru", *ATTENDING)
    greedy, covered = (translator.translate(TEXTS, beam=1, coverage=coverage) for coverage in (0, 0.5))
    assert [one.text for one in greedy] == [one.text for one in covered]
    assert greedy[0].score > covered[0].score


def test_the_recipe_s_coverage_holds_and_is_signed() -> None:
    translator = untrained("gru", *ATTENDING, "search.coverage=0.2")
    settings = translator.search_settings(beam=3)
    assert (settings.coverage, translator.search_settings(coverage=0).coverage) == (0.2, 0)
    assert search_signature(translator, settings) == "beam:3|lp:0.5|cp:0.2"
    assert search_signature(translator, translator.search_settings(beam=3, coverage=0)) == "beam:3|lp:0.5"


def test_a_model_without_attention_has_none() -> None:
    with pytest.raises(TandemError, match=r"^the coverage penalty needs attention, and this model has none: train one"):
        untrained().translate(["eins"], coverage=0.2)
    with pytest.raises(ValueError, match=r"coverage \(11\) must be at least 0 and at most 10"):
        untrained().search_settings(coverage=11)
    message = r"\n  search\.coverage is a penalty on attention, but .* leave search\.coverage out$"
    with pytest.raises(RecipeError, match=message):
        override(tiny_recipe(), ["search.coverage=0.2"])
