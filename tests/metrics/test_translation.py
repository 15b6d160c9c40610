import random
from typing import Protocol, cast

import pytest
import sacrebleu

from tandem.metrics import Score, bleu, chrf, score_translations, ter


class Metric(Protocol):
    def __call__(self, hypotheses: list[str], references: list[list[str]], /, *, lowercase: bool = False) -> Score: ...


REFERENCES = [["a man rides a red bicycle .", "a man on a red bike ."], ["two dogs are running ."]]
HYPOTHESES = ["a man rides a red bike .", "Two dogs run ."]


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_perfect_translations_get_the_best_score(metric: Metric) -> None:
    texts = ["a man rides a red bicycle .", "two dogs are running ."]
    best = 0 if metric is ter else 100
    assert metric(texts, [[text] for text in texts]).value == pytest.approx(best)


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_any_of_several_references_will_do_and_their_numbers_may_differ(metric: Metric) -> None:
    hypotheses = ["a man on a red bike .", "two dogs are running ."]
    best = 0 if metric is ter else 100
    score = metric(hypotheses, REFERENCES)
    assert score.value == pytest.approx(best)
    assert "nrefs:var" in score.signature


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_the_order_of_the_corpus_changes_nothing(metric: Metric) -> None:
    order = list(range(6))
    random.Random(3).shuffle(order)
    hypotheses, references = HYPOTHESES * 3, REFERENCES * 3
    shuffled = metric([hypotheses[i] for i in order], [references[i] for i in order])
    assert shuffled.value == pytest.approx(metric(hypotheses, references).value)


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_case_counts_unless_asked_otherwise_and_the_signature_says_so(metric: Metric) -> None:
    mixed = metric(["A MAN RIDES HOME ."], [["a man rides home ."]])
    lower = metric(["A MAN RIDES HOME ."], [["a man rides home ."]], lowercase=True)
    assert mixed.value != pytest.approx(lower.value)
    assert lower.value == pytest.approx(0 if metric is ter else 100)
    assert "case:mixed" in mixed.signature
    assert "case:lc" in lower.signature


def test_bleu_is_that_of_sacrebleu_s_own_entry_point() -> None:
    expected = sacrebleu.corpus_bleu(
        HYPOTHESES, [[alternatives[0] for alternatives in REFERENCES]], force=True, tokenize="13a"
    )
    assert bleu(HYPOTHESES, [[alternatives[0]] for alternatives in REFERENCES]).value == expected.score
    assert bleu(HYPOTHESES, REFERENCES).signature.startswith("BLEU|nrefs:var|case:mixed|eff:no|tok:13a|")


def test_tokenised_full_stops_bring_no_warning(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    bleu(["a dog ."] * 200, [["a dog ."]] * 200)
    assert caplog.text == ""
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_a_corpus_of_unequal_lengths_is_refused_with_both_numbers(metric: Metric) -> None:
    with pytest.raises(ValueError, match="2 hypotheses but 1 lists of references"):
        metric(["a", "b"], [["a"]])


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_an_empty_corpus_is_refused(metric: Metric) -> None:
    with pytest.raises(ValueError, match="corpus is empty"):
        metric([], [])


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_a_hypothesis_without_reference_is_refused(metric: Metric) -> None:
    with pytest.raises(ValueError, match=r"Hypothesis 1 \(counted from 0\) has no reference"):
        metric(["a", "b"], [["a"], []])


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_a_string_in_place_of_a_list_of_references_is_refused(metric: Metric) -> None:
    with pytest.raises(ValueError, match=r"hypothesis 0 .* one string, 'a dog': give a list"):
        metric(["a dog"], cast(list[list[str]], ["a dog"]))


@pytest.mark.parametrize("metric", [bleu, chrf, ter])
def test_empty_hypotheses_are_scored_as_worst(metric: Metric) -> None:
    assert metric(["", ""], [["a dog ."], ["a cat ."]]).value == (100 if metric is ter else 0)


def test_score_translations_gives_all_of_them_in_order() -> None:
    scores = score_translations(HYPOTHESES, REFERENCES, lowercase=True)
    assert [score.name for score in scores] == ["bleu", "chrf", "ter", "exact", "word_edit_rate", "character_edit_rate"]
    assert all("case:lc" in score.signature for score in scores)
    assert scores[0] == bleu(HYPOTHESES, REFERENCES, lowercase=True)
    assert isinstance(scores[0], Score)
