"""What else could stand at a place: the model's own probabilities, and prefixes that are read as they were written."""

from collections.abc import Iterator
from functools import cache

import pytest

from tandem.errors import TandemError
from tandem.translation import Translator
from tandem.translation.alternatives import Alternatives, find_alternatives
from tests.support.runs import untrained

KINDS = ("word", "whitespace", "character", "bpe")
COPYING = ("model.attention=luong", "model.copy=true")


@cache
def translator_of(*settings: str) -> Translator:
    return untrained("gru", "search.max_length_extra=3", *settings)


def translators() -> Iterator[Translator]:
    yield translator_of(*COPYING)
    for kind in KINDS:
        yield translator_of(f"text.source.tokenizer={kind}", f"text.target.tokenizer={kind}")


def find(translator: Translator, text: str, tokens: tuple[str, ...], place: int, count: int = 10) -> Alternatives:
    return find_alternatives(translator.engine, translator.codec, text, tokens, place, count)


def test_what_stands_there_has_the_score_that_it_was_found_with() -> None:
    for translator in translators():
        for text in ("eins zwei", "drei Zoë vier"):
            (best,) = translator.translate([text], beam=1)
            free = (
                best.token_scores if best.stopped == "eos" else best.token_scores[:-1]
            )  # at the limit <eos> is forced
            for place, score in enumerate(free):
                found = find(translator, text, best.tokens, place)
                assert (found.place, found.token) == (place, [*best.tokens, "<eos>"][place])
                assert found.alternatives[0].token == found.token
                assert found.alternatives[0].log_probability == pytest.approx(score, abs=1e-5)
                scores = [one.log_probability for one in found.alternatives]
                assert scores == sorted(scores, reverse=True)
                assert len({one.token for one in found.alternatives}) == len(scores) <= 10


def test_with_its_prefix_a_translation_begins_with_the_same_tokens() -> None:
    taken = 0
    for translator in translators():
        text = "eins Zoë zwei"
        (best,) = translator.translate([text])
        for place in range(len(best.tokens) + 1):
            for one in find(translator, text, best.tokens, place, 4).alternatives:
                if one.token == "<eos>":
                    assert one.prefix == ""
                elif one.prefix is not None:
                    (begun,) = translator.translate([text], prefixes=one.prefix)
                    assert begun.tokens[: place + 1] == (*best.tokens[:place], one.token)
                    taken += 1
    assert taken > 50


def test_what_no_text_is_read_as_has_no_prefix() -> None:
    found = find(translator_of("text.target.tokenizer=character"), "eins", ("o",), 1, 100)
    prefixes = {one.token: one.prefix for one in found.alternatives}
    assert prefixes["n"] == "on"
    assert prefixes["▁"] is None  # a space at the end of a text is dropped
    assert prefixes["<eos>"] == ""


def test_an_empty_text_has_none() -> None:
    assert find(translator_of(), " ", (), 0) == Alternatives(0, "<eos>", ())


def test_what_cannot_be_is_said() -> None:
    translator = translator_of()
    with pytest.raises(TandemError, match="place is 3, but a translation of 2 tokens has the places 0 to 2"):
        find(translator, "eins", ("▁one", "▁two"), 3)
    for token in ("▁seven", "<eos>", "<sos>", "<pad>", ""):
        with pytest.raises(TandemError, match=f"tokens: token 1 .counted from 0. is '{token}', which no translation"):
            find(translator, "eins", ("▁one", token), 2)
