"""Lists ranked anew: nothing is lost, the model's figures are its own, BLEU is that of the texts."""

from collections.abc import Iterator

import numpy as np
import pytest

from tandem.errors import CorpusError
from tandem.metrics import bleu
from tandem.rescoring import (
    Candidate,
    NBestList,
    Weights,
    even_weights,
    given_weights,
    judge,
    qualities,
    rescore,
    score_lists,
    tuned,
)
from tandem.translation.translator import Translator
from tests.support.runs import number_pairs, untrained

SOURCES = [source for source, _ in number_pairs(6, seed=4)]
REFERENCES = [target for _, target in number_pairs(6, seed=4)]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return untrained("lstm", "model.init_range=0.8")


@pytest.fixture(scope="module")
def lists(translator: Translator) -> list[NBestList]:
    """What another model makes of the sources, one of its hypotheses twice."""
    other = untrained("gru", "model.init_range=0.9")
    made = other.translate(SOURCES, other.search_settings(beam=4, n_best=4))
    return [
        NBestList(n, tuple(Candidate(a.text, a.score, line=n) for a in (*t.alternatives, t.alternatives[-1])), source)
        for n, (source, t) in enumerate(zip(SOURCES, made, strict=True))
    ]


def texts(nbest: NBestList) -> list[str]:
    return [candidate.text for candidate in nbest.candidates]


def test_the_lists_own_score_alone_keeps_its_order(translator: Translator, lists: list[NBestList]) -> None:
    ranked = list(rescore(translator, lists, given_weights("score=1", 1.0)))
    assert list(map(texts, ranked)) == list(map(texts, lists))
    assert [[c.score for c in own.candidates] for own in ranked] == [[c.score for c in own.candidates] for own in lists]


def test_the_model_alone_ranks_as_it_scores(translator: Translator, lists: list[NBestList]) -> None:
    for penalty in (0.0, 0.7):
        for before, after in zip(lists, rescore(translator, lists, even_weights((), penalty)), strict=True):
            found = translator.score([before.source or ""] * 5, texts(before))
            expected = [score.log_probability / len(score.token_scores) ** penalty for score in found]
            assert [c.score for c in after.candidates] == pytest.approx(sorted(expected, reverse=True), abs=1e-5)
            assert sorted(texts(after)) == sorted(texts(before))
            lengths = {text: len(score.token_scores) for text, score in zip(texts(before), found, strict=True)}
            for candidate in after.candidates:
                assert candidate.features == {"model": (candidate.score,), "length": (lengths[candidate.text],)}


def test_totals_are_weighted_sums_best_first(translator: Translator, lists: list[NBestList]) -> None:
    weights = Weights({"score": 0.5, "model": 2.0, "length": -0.25}, 1.0)
    for before, after in zip(lists, rescore(translator, lists, weights), strict=True):
        own = {candidate.text: candidate.score or 0.0 for candidate in before.candidates}
        totals = [
            0.5 * own[c.text] + 2 * c.features["model"][0] - 0.25 * c.features["length"][0] for c in after.candidates
        ]
        assert [c.score for c in after.candidates] == pytest.approx(totals)
        assert totals == sorted(totals, reverse=True)


def test_windows_change_nothing(
    translator: Translator, lists: list[NBestList], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(score_lists(translator, lists))
    monkeypatch.setattr("tandem.rescoring.ranking._WINDOW", 1)
    asked: list[int] = []

    def counted() -> Iterator[NBestList]:
        for number, nbest in enumerate(lists):
            asked.append(number)
            yield nbest

    parts = score_lists(translator, counted(), batch_size=1)
    first = next(parts)
    assert asked == [0, 1]  # no more is read than a window and what ends it
    for one, other in zip([first, *parts], whole, strict=True):
        assert one.nbest == other.nbest
        np.testing.assert_allclose(one.log_probabilities, other.log_probabilities, atol=1e-5)


def test_a_figure_that_is_missing_names_its_line(translator: Translator) -> None:
    nbest = NBestList(0, (Candidate("one", -1.0, {"LM": (1.0,)}, line=1), Candidate("two", line=2)), "eins", path="l")
    with pytest.raises(CorpusError, match="l line 2: there is no 'LM'; what can be weighed here: model, length"):
        list(rescore(translator, [nbest], given_weights("LM=1", 1.0)))


def test_bleu_is_that_of_the_texts_and_tuning_raises_it(translator: Translator, lists: list[NBestList]) -> None:
    weights = even_weights(("score",), 1.0)
    judged = [
        judge(scored, reference, weights, lowercase=True, tokenizer="13a")
        for scored, reference in zip(score_lists(translator, lists), REFERENCES, strict=True)
    ]
    found = {score.name: score for score in qualities(judged, weights, lowercase=True, tokenizer="13a")}
    assert list(found) == ["list", "model", "rescored", "oracle"]

    def expected(weights: Weights) -> float:
        best = [texts(own)[0] for own in rescore(translator, lists, weights)]
        return bleu(best, [[reference] for reference in REFERENCES], lowercase=True).value

    assert found["list"].value == pytest.approx(expected(given_weights("score=1", 1.0)))
    assert found["model"].value == pytest.approx(expected(even_weights((), 1.0)))
    assert found["rescored"].value == pytest.approx(expected(weights))
    assert "case:lc" in found["list"].signature
    assert "norm:nfc+space" in found["list"].signature
    odd = [
        judge(scored, f" {reference}\xa0", weights, lowercase=True, tokenizer="13a")
        for scored, reference in zip(score_lists(translator, lists), REFERENCES, strict=True)
    ]
    assert qualities(odd, weights, lowercase=True, tokenizer="13a") == list(found.values())
    assert found["rescored"].signature.endswith("|by:score=0.5,model=0.5,length=0|lp:1")
    better = tuned(judged, weights)
    (reached,) = (
        score.value for score in qualities(judged, better, lowercase=True, tokenizer="13a") if score.name == "rescored"
    )
    assert reached == pytest.approx(expected(better))
    assert found["rescored"].value <= reached <= found["oracle"].value
    assert found["model"].value <= reached
