"""Two systems on the same lines are scored as each would be alone."""

import pytest

from tandem.analysis.lines import LEAST_RESAMPLED, compare_lines
from tandem.metrics import bleu, chrf, exact, sentence_scores
from tandem.metrics.bootstrap import Resampling, bleu_statistics, difference_of_trainings
from tandem.text import norm_signature
from tests.analysis.corpora import references, system

CORPUS = references(60)
RIGHT = [texts[0] for texts in CORPUS.texts]
GOOD, BAD = (list(system(name, CORPUS, wrong).translations) for name, wrong in (("good", 0.1), ("bad", 0.5)))


def test_scores_are_those_of_each_system_alone() -> None:
    found = compare_lines(CORPUS.sources, RIGHT, (GOOD, BAD), lowercase=True)
    alone = [[text] for text in RIGHT]
    for scored, texts in ((found.first, GOOD), (found.second, BAD)):
        for name, metric in (("bleu", bleu), ("chrf", chrf), ("exact", exact)):
            expected = metric(texts, alone, lowercase=True)
            assert scored.scores[name].value == pytest.approx(expected.value)
            assert scored.scores[name].signature == f"{expected.signature}|{norm_signature(raw=False)}"
        assert scored.sentences == [one.chrf for one in sentence_scores(texts, alone, lowercase=True)]


def test_the_difference_is_the_second_system_s_less_the_first_one_s() -> None:
    found = compare_lines(CORPUS.sources, RIGHT, (GOOD, BAD), resampling=Resampling(200))
    first, second = (bleu_statistics(texts, [[text] for text in RIGHT]) for texts in (GOOD, BAD))
    assert found.difference == difference_of_trainings([second], [first], Resampling(200))
    assert found.difference is not None
    assert found.difference.interval.value < 0
    assert found.difference.p_value < 0.05


def test_the_same_translations_do_not_differ() -> None:
    found = compare_lines(CORPUS.sources, RIGHT, (GOOD, GOOD))
    assert found.difference is not None
    assert (found.difference.interval.value, found.difference.p_value) == (0, 1)


def test_few_lines_have_scores_but_no_significance() -> None:
    few, enough = (
        compare_lines(CORPUS.sources[:n], RIGHT[:n], (GOOD[:n], BAD[:n]))
        for n in (LEAST_RESAMPLED - 1, LEAST_RESAMPLED)
    )
    assert few.difference is None
    assert enough.difference is not None
    assert len(few.first.sentences) == LEAST_RESAMPLED - 1


def test_texts_are_normalised_and_lines_that_stand_there_twice_count_twice() -> None:
    found = compare_lines(["x"] * 3, ["a  b c d ", "a b c d", "e f g h"], (["a b c d"] * 3, ["e f g h"] * 3))
    assert found.first.sentences == [100, 100, pytest.approx(0)]
    assert (found.first.scores["exact"].value, found.second.scores["exact"].value) == pytest.approx((200 / 3, 100 / 3))


def test_nothing_at_all_is_scored_too() -> None:
    found = compare_lines(["", "x"], ["", "a b"], (["", ""], ["c", "a b"]))
    assert found.first.scores["exact"].value == 50
    assert found.second.sentences[1] == 100
