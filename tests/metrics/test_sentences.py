"""What single outputs are worth: the figures of a corpus of one, and the best of several references."""

import pytest

from tandem.metrics import chrf, sentence_scores


def test_the_best_of_several_references_counts() -> None:
    found = sentence_scores(["abc", "abc"], [["xxx", "abd"], ["abc", "x"]])
    assert [(score.exact, score.character_edits) for score in found] == [(False, 1), (True, 0)]
    assert found[1].chrf == 100


def test_chrf_is_that_of_a_corpus_of_one() -> None:
    hypotheses, references = ["der Hund singt", "ein Mann"], [["der Hund sang laut"], ["Frau", "ein Mensch"]]
    for score, text, targets in zip(sentence_scores(hypotheses, references), hypotheses, references, strict=True):
        assert score.chrf == pytest.approx(chrf([text], [targets]).value)


def test_case_counts_unless_it_is_ignored() -> None:
    assert sentence_scores(["Hund"], [["hund"]])[0][::2] == (False, 1)
    assert sentence_scores(["Hund"], [["hund"]], lowercase=True) == [(True, 100, 0)]


def test_every_hypothesis_needs_a_reference() -> None:
    with pytest.raises(ValueError, match="reference"):
        sentence_scores(["a"], [[]])
