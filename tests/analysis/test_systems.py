import pytest
from sacrebleu.significance import PairedTest

from tandem.analysis.breakdown import MOST_BINS, average_rank, by_frequency, by_length, frequency_ranks
from tandem.analysis.significance import paired_tests
from tandem.analysis.systems import References, System, score_systems
from tandem.metrics import bleu, chrf
from tandem.metrics.bootstrap import Resampling
from tandem.metrics.tokenisation import word_splitter
from tests.analysis.corpora import references, system

FEW = Resampling(samples=50, seed=3)
CORPUS = references()
GOOD, BAD = system("good", CORPUS, 0.2), system("bad", CORPUS, 0.6)


def test_scores_are_those_of_an_evaluation_and_lie_in_their_intervals() -> None:
    first, second = score_systems([GOOD, BAD], FEW)
    assert first.bleu.value == pytest.approx(bleu(GOOD.translations, CORPUS.texts).value)
    assert second.chrf == chrf(BAD.translations, CORPUS.texts).value
    for score in (first, second):
        assert score.bleu.low < score.bleu.value < score.bleu.high
        assert score.signatures[0] == f"{bleu(GOOD.translations, CORPUS.texts).signature}|norm:none|bs:50|seed:3|ci:95"
    assert first.difference is None
    assert second.difference is not None
    assert second.difference.value == pytest.approx(second.bleu.value - first.bleu.value)
    assert second.difference.high < 0


def test_case_makes_no_difference_where_it_is_told_so() -> None:
    shouting = [text.upper() for text in CORPUS.sources]
    lower = References(CORPUS.sources, CORPUS.texts, lowercase=True)
    assert score_systems([System("lower", shouting, lower)], FEW)[0].bleu.value == pytest.approx(100)
    assert score_systems([System("cased", shouting, CORPUS)], FEW)[0].bleu.value < 1


def test_each_source_needs_a_translation() -> None:
    with pytest.raises(ValueError, match="short has 119 translations, but there are 120 sources"):
        System("short", GOOD.translations[1:], CORPUS)


def test_words_are_those_that_bleu_counts() -> None:
    assert word_splitter("13a")("Don't run, Paris!") == ["Don't", "run", ",", "Paris", "!"]
    assert word_splitter("zh")("他们 run 跑。") == ["他", "们", "run", "跑", "。"]
    assert word_splitter("13a")("  ") == []


def test_ranks_follow_the_counts_and_equal_counts_share_theirs() -> None:
    ranks = frequency_ranks(["b a b c", "B d c"], "13a", lowercase=True)
    assert ranks == {"b": 1, "c": 2, "a": 3.5, "d": 3.5}
    assert frequency_ranks(["c B d", "b c a b"], "13a", lowercase=True) == ranks
    assert average_rank("b c", ranks, "13a", lowercase=True) == 1.5
    assert average_rank("B unseen", ranks, "13a", lowercase=True) == 3
    assert average_rank("", ranks, "13a", lowercase=True) == 0


def test_bins_are_equal_in_count_and_rise() -> None:
    corpus = references(1003)
    breakdown = by_length([system("one", corpus, 0.3), system("two", corpus, 0.5)], FEW)
    sizes = [found.sentences for found in breakdown.bins]
    assert len(sizes) == MOST_BINS
    assert sum(sizes) == 1003
    assert max(sizes) - min(sizes) <= 1
    assert all(found.low <= found.high for found in breakdown.bins)
    assert all(one.high <= other.low for one, other in zip(breakdown.bins, breakdown.bins[1:], strict=False))
    lengths = [len(source.split()) for source in corpus.sources]
    assert (breakdown.bins[0].low, breakdown.bins[-1].high) == (min(lengths), max(lengths))
    assert all(len(found.scores) == 2 for found in breakdown.bins)


def test_one_bin_holds_the_whole_corpus() -> None:
    corpus = references(30)
    found = by_length([system("one", corpus, 0.3)], FEW).bins
    assert len(found) == 1
    assert found[0].scores[0] == score_systems([system("one", corpus, 0.3)], FEW)[0].bleu


def test_a_system_that_fails_at_long_sentences_falls_with_length() -> None:
    corpus = references(400)
    cut = System("cut", [" ".join(source.split()[:6]) for source in corpus.sources], corpus)
    scores = [found.scores[0].value for found in by_length([cut], FEW).bins]
    assert scores[0] > 99
    assert scores[-1] < 70
    assert scores[-1] == min(scores)


def test_a_system_that_knows_frequent_words_only_falls_with_rank() -> None:
    frequent = ["a b c d e", "a b c e d", "c a b d e", "b a c d e", "d a b c e"] * 10
    rare = [f"x{n} y{n} z{n} v{n} w{n}" for n in range(50)]
    sources = [*dict.fromkeys(frequent), *rare]
    corpus = References(sources, [(source,) for source in sources])
    made = [source if source[0] in "abcd" else "a b c d e" for source in sources]
    ranks = frequency_ranks(frequent + rare, "13a", lowercase=False)
    breakdown = by_frequency([System("frequent", made, corpus)], ranks, "these texts", FEW)
    scores = [found.scores[0].value for found in breakdown.bins]
    assert scores[0] > scores[-1] == 0
    assert "these texts" in breakdown.prop


def test_systems_that_differ_are_told_from_those_that_don_t(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    monkeypatch.setitem(PairedTest._DEFAULT_SAMPLES, "ar", 100)
    same, alike = System("same", list(GOOD.translations), CORPUS), system("alike", CORPUS, 0.2, seed=11)
    found = {(test.system, test.metric): test for test in paired_tests([GOOD, BAD, same, alike], 60)}
    assert set(found) == {(name, metric) for name in ("bad", "same", "alike") for metric in ("BLEU", "chrF2")}
    for metric in ("BLEU", "chrF2"):
        assert found["bad", metric].p_bootstrap < 0.05
        assert found["bad", metric].p_randomisation < 0.05
        assert found["alike", metric].p_bootstrap > 0.05
        assert found["alike", metric].p_randomisation > 0.05
        assert found["same", metric].p_bootstrap == found["same", metric].p_randomisation == 1
        assert found["same", metric].difference == 0
        assert found["bad", metric].baseline == "good"
    bootstrap, randomisation = found["bad", "BLEU"].signatures
    assert "bs:60" in bootstrap
    assert "ar:100" in randomisation
    assert "seed:7" in bootstrap
    values = [score.bleu.value for score in score_systems([GOOD, BAD], FEW)]
    assert found["bad", "BLEU"].difference == pytest.approx(values[1] - values[0])


def test_one_system_is_compared_with_nothing() -> None:
    assert paired_tests([GOOD], 10) == ()


def test_words_are_counted_as_the_scripts_of_sources_and_references_ask_for() -> None:
    sources = [f"学校有学生他喜欢她{n}" for n in range(3)]
    corpus = References(sources, [(f"the school has students and he likes her {n}",) for n in range(3)])
    assert (corpus.source_tokenizer, corpus.tokenizer) == ("zh", "13a")
    turned = References([texts[0] for texts in corpus.texts], [(source,) for source in sources])
    assert (turned.source_tokenizer, turned.tokenizer) == ("13a", "zh")
    assert [bin.low for bin in by_length([System("it", sources, corpus)], FEW).bins] == [10]
    for kept in (turned, References(turned.sources, turned.texts, tokenize="char")):
        same = System("same", [texts[0] for texts in kept.texts], kept)
        wrong = System("wrong", ["学校有学生我喜欢她0", *same.translations[1:]], kept)
        first, second = score_systems([same, wrong], FEW)
        assert first.bleu.value == pytest.approx(100)
        expected = bleu(wrong.translations, kept.texts, tokenize=kept.tokenizer)
        assert second.bleu.value == pytest.approx(expected.value)
        assert f"|tok:{kept.tokenizer}|" in second.signatures[0]
        assert f"|tok:{kept.tokenizer}|" in paired_tests([same, wrong], 10)[0].signatures[0]
