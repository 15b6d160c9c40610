import unicodedata

import pytest

import tandem
from tandem.analysis import Phrase
from tandem.metrics import bleu
from tandem.metrics.bootstrap import Resampling
from tandem.runs.analyses import MOST_PLACED, sample_evenly
from tandem.runs.evaluation import evaluate
from tests.support.runs import number_pairs, shared_run, untrained

PAIRS = [*number_pairs(20), (number_pairs(20)[0][0], "another reference")]
FEW = Resampling(samples=20)
TRANSLATOR = untrained()


def test_translators_and_translations_are_compared_on_every_source_once() -> None:
    references = [target for _, target in PAIRS[:20]]
    found = tandem.analyse({"it": TRANSLATOR}, PAIRS, translations={"references": references}, resampling=FEW)
    assert (found.findings.sources, found.findings.references) == (20, 21)
    first, second = found.findings.scores
    assert (first.name, second.name) == ("it", "references")
    assert first.bleu.value == pytest.approx(evaluate(TRANSLATOR, PAIRS).score("bleu"))
    assert second.bleu.value == pytest.approx(100)
    assert [test.system for test in found.findings.comparisons] == ["references", "references"]


def test_texts_are_normalised_as_in_an_evaluation_unless_they_are_to_stay() -> None:
    pairs = [(f"{source} ", unicodedata.normalize("NFD", f"{target}  año")) for source, target in PAIRS]
    written = [f"{target}\xa0año" for _, target in PAIRS[:20]]
    for raw, signature in ((False, "norm:nfc+space"), (True, "norm:none")):
        found = tandem.analyse({"it": TRANSLATOR}, pairs, translations={"w": written}, raw=raw, resampling=FEW)
        it, other = found.findings.scores
        expected = evaluate(TRANSLATOR, pairs, raw=raw)
        assert it.bleu.value == pytest.approx(expected.score("bleu"))
        assert it.chrf == pytest.approx(expected.score("chrf"))
        assert (other.bleu.value == pytest.approx(100)) is not raw
        assert all(signature in text for text in (*it.signatures, *found.findings.comparisons[0].signatures))


def test_search_settings_are_each_translator_s_own() -> None:
    greedy, wide = TRANSLATOR.search_settings(beam=1), TRANSLATOR.search_settings(beam=4)
    found = tandem.analyse(
        {"greedy": TRANSLATOR, "wide": TRANSLATOR}, PAIRS, settings={"greedy": greedy, "wide": wide}, resampling=FEW
    )
    scores = [evaluate(TRANSLATOR, PAIRS, settings).score("bleu") for settings in (greedy, wide)]
    assert [score.bleu.value for score in found.findings.scores] == pytest.approx(scores)


def test_without_phrases_the_sources_are_placed_with_their_translations() -> None:
    found = tandem.analyse({"it": TRANSLATOR}, PAIRS, resampling=FEW)
    assert found.contexts is not None
    sources = [source for source, _ in PAIRS[:20]]
    assert [phrase.text for phrase in found.contexts.phrases] == sources
    assert [p.translation for p in found.contexts.phrases] == [t.text for t in TRANSLATOR.translate(sources)]
    assert found.contexts.grouping is None
    assert all(near.text in sources for phrase in found.contexts.phrases for near in phrase.neighbours)


def test_neighbours_and_ranks_are_of_the_training_data_where_there_are_some() -> None:
    training = ["eins", "zwei", "drei", "vier", "eins zwei", "zwei", "fünf sechs"]
    heard: list[tuple[str, int, int | None]] = []
    phrases = [Phrase("eins", "one"), Phrase("eins eins", "one"), Phrase("drei", "three"), Phrase("drei drei", "three")]
    found = tandem.analyse(
        {"it": TRANSLATOR},
        PAIRS,
        phrases=phrases,
        training=training,
        resampling=FEW,
        on_progress=lambda *progress: heard.append(progress),
    )
    assert found.contexts is not None
    assert found.contexts.neighbours_from == "6 texts of the training data"
    assert {near.text for phrase in found.contexts.phrases for near in phrase.neighbours} <= set(training)
    assert found.contexts.grouping is not None
    assert "in the training data" in found.findings.by_frequency.prop
    assert {("it translates", 20, 20), ("words of the training data", 0, None)} <= set(heard)
    assert heard[-1][1:] == (6, 6)


def test_case_is_ignored_where_it_is_told_so() -> None:
    shouted = [target.upper() for _, target in PAIRS[:20]]
    found = tandem.analyse({}, PAIRS, translations={"it": shouted}, lowercase=True, resampling=FEW)
    assert found.findings.scores[0].bleu.value == pytest.approx(100)
    assert found.contexts is None
    references = [[target for _, target in PAIRS[:1]]]
    assert bleu(shouted[:1], references).value < 100


def test_a_run_s_report_tells_of_the_corpus_that_was_scored(tmp_path_factory: pytest.TempPathFactory) -> None:
    report = (shared_run(tmp_path_factory.getbasetemp()) / "report.html").read_text("utf-8")
    for part in ("breakdowns", "contexts", "mistakes", "worst"):
        assert f'id="{part}"' in report
    assert report.count('<g class="place"') == 8  # its validation sources


def test_at_most_some_hundreds_of_sources_are_placed_from_all_over_the_corpus() -> None:
    for number in (1, MOST_PLACED, MOST_PLACED + 1, 5000):
        texts = [str(n) for n in range(number)]
        phrases, translations = sample_evenly(texts, texts)
        assert [phrase.text for phrase in phrases] == translations
        assert min(number, MOST_PLACED // 2) <= len(phrases) <= MOST_PLACED
        assert int(translations[-1]) >= number * 0.9 - 1


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(ValueError, match="no system"):
        tandem.analyse({}, PAIRS)
    with pytest.raises(ValueError, match="two systems are called it"):
        tandem.analyse({"it": TRANSLATOR}, PAIRS, translations={"it": []})
    with pytest.raises(ValueError, match="other has 1 translations, but there are 20 sources"):
        tandem.analyse({}, PAIRS, translations={"other": [""]})
