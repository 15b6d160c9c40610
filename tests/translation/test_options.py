"""How a search is said: by settings, by options, by a mapping; sampling and forced beginnings among them."""

from typing import Any

import pytest

from tandem.errors import ArgumentError, TandemError
from tandem.translation.translator import Translator
from tests.support.runs import number_pairs, untrained

SOURCES = [source for source, _ in number_pairs(12, seed=3)]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return untrained("lstm", "model.init_range=0.8")


def test_options_a_mapping_and_settings_are_the_same(translator: Translator) -> None:
    expected = translator.translate(SOURCES, translator.search_settings(beam=4, n_best=3))
    assert translator.translate(SOURCES, beam=4, n_best=3) == expected
    assert translator.translate(SOURCES, {"beam": 4, "n_best": 3}) == expected
    assert translator.translate(SOURCES, {"beam": 4}, n_best=3) == expected
    assert list(translator.translate_stream(SOURCES, beam=4, n_best=3)) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 4}, "there is no search option 'width'; the options are beam, length_penalty, "),
        ({"temperature": 0.5}, "temperature is for sampling: say how many outputs to draw for each text"),
        ({"sample": 2, "beam": 5}, "beam is for beam search, and not for sampling"),
        ({"sample": 0}, r"sample \(0\) must be at least 1 and at most 10,000"),
        ({"sample": 2, "top_p": 2.0}, r"top_p \(2\.0\) must be above 0 and at most 1"),
    ],
)
def test_options_that_cannot_be_are_refused(translator: Translator, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        translator.translate(SOURCES, options)


def test_settings_and_options_are_not_mixed(translator: Translator) -> None:
    with pytest.raises(ValueError, match="by settings or by options, not by both"):
        translator.translate(SOURCES, translator.search_settings(), beam=4)


def test_samples_are_alternatives_and_follow_from_seed_and_place(translator: Translator) -> None:
    drawn = translator.translate(SOURCES, sample=3, seed=5)
    assert [len(t.alternatives) for t in drawn] == [3] * len(SOURCES)
    assert all(t.text == t.alternatives[0].text for t in drawn)
    again = translator.translate(SOURCES, sample=3, seed=5, batch_size=2)
    assert [[a.text for a in t.alternatives] for t in again] == [[a.text for a in t.alternatives] for t in drawn]
    assert [t.text for t in translator.translate(SOURCES, sample=3, seed=6)] != [t.text for t in drawn]
    scored = translator.score(SOURCES, [t.text for t in drawn])
    for translation, score in zip(drawn, scored, strict=True):
        assert score.log_probability == pytest.approx(translation.log_probability, abs=1e-4)
    (single,) = translator.translate(SOURCES[:1], sample=1, temperature=0.5, top_k=3, top_p=0.9)
    assert single.alternatives == ()


def test_a_translation_begins_as_it_is_told(translator: Translator) -> None:
    for settings in ({"beam": 1}, {"beam": 3, "n_best": 2}, {"sample": 2}):
        for made in translator.translate(SOURCES, settings, prefixes="three one"):
            for each in made.alternatives or (made,):
                assert each.text.startswith("three one")
    own = ["one", "", "two two"] * 4
    for made, prefix in zip(translator.translate(SOURCES, prefixes=own), own, strict=True):
        assert made.text.startswith(prefix)


def test_a_target_after_a_prefix_scores_as_the_end_of_the_whole(translator: Translator) -> None:
    targets = ["two three"] * len(SOURCES)
    whole = translator.score(SOURCES, [f"one {target}" for target in targets])
    for after, all_of_it in zip(translator.score(SOURCES, targets, prefixes="one"), whole, strict=True):
        assert after.tokens == all_of_it.tokens[1:]
        assert after.token_scores == pytest.approx(all_of_it.token_scores[1:])
        assert after.log_probability == pytest.approx(sum(all_of_it.token_scores[1:]))


def test_too_few_or_wrong_prefixes_are_refused(translator: Translator) -> None:
    with pytest.raises(TandemError, match=r"the prefix 'one xyz' contains 'xyz', which is not in the model's target"):
        translator.translate(SOURCES, prefixes="one xyz")
    with pytest.raises(ValueError, match="prefixes must hold one text for each"):
        translator.translate(SOURCES, prefixes=["one"])
    with pytest.raises(ArgumentError, match="prefixes: item 1 is of type int"):
        translator.translate(SOURCES, prefixes=[1])  # type: ignore[list-item]
