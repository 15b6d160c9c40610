"""Translators that copy: what comes out, how it is scored, and what is said of it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

from tandem.errors import TandemError
from tandem.translation import Translator, load
from tandem.translation.constructors import translator_from_members
from tandem.translation.forms import JSON
from tests.support.runs import saved, untrained

COPYING = ("model.attention=luong", "model.bidirectional=true", "model.copy=true")
TEXTS = ["eins Zoë drei", "", "Marla, Quist Marla", "zwei", "Zoë"]
SHORT = {"max_length_extra": 3, "max_length_factor": 0.6}


@cache
def translator_of(*more: str) -> Translator:
    made = untrained("gru", *COPYING, *more)
    torch.nn.init.constant_(made.model.decoder.copy_gate.bias, -4)  # type: ignore[union-attr]
    return translator_from_members(
        made.members, made.source_tokenizer, made.target_tokenizer, device=torch.device("cpu")
    )


def ensemble() -> Translator:
    one, plain = translator_of(), untrained("lstm", "text.reverse_source=true")
    members = [*one.members, *plain.members]
    return translator_from_members(members, one.source_tokenizer, one.target_tokenizer, device=torch.device("cpu"))


def translators() -> Iterator[Translator]:
    yield translator_of()
    yield translator_of("text.reverse_source=true")
    yield translator_of("text.source.tokenizer=character", "text.target.tokenizer=character")
    yield translator_of("text.source.tokenizer=bpe", "text.target.tokenizer=word")
    yield ensemble()


def test_what_is_written_scores_what_it_was_found_with_and_says_what_was_copied() -> None:
    for translator in translators():
        ways = ({"beam": 1}, {"beam": 5, "n_best": 5}, {"sample": 3, "seed": 2}, {"sample": 2, "top_k": 3})
        copied = 0
        for way in ways:
            made = translator.translate(TEXTS, **way, **SHORT)  # type: ignore[arg-type]
            for text, best in zip(TEXTS, made, strict=True):
                if not text:
                    assert best.text == ""
                    continue
                for each in best.alternatives or [best]:
                    assert "<unk>" not in each.text
                    copied += len(each.copied)
                    for place in each.copied:
                        assert translator.target_tokenizer.token_to_id(each.tokens[place]) is None
                        assert each.tokens[place].strip("▁") in text
                assert way.get("sample") or len({each.text for each in best.alternatives}) == len(best.alternatives)
            kept = [(text, best) for text, best in zip(TEXTS, made, strict=True) if text]
            scores = translator.score([text for text, _ in kept], [best.text for _, best in kept])
            for (_, best), score in zip(kept, scores, strict=True):
                if score.tokens == best.tokens:  # characters next to each other may be read back as other tokens
                    assert score.token_scores == pytest.approx(best.token_scores, abs=1e-4)
        assert copied


def test_an_unknown_word_is_known_where_its_source_has_it() -> None:
    translator = translator_of()
    known, unknown = translator.score(["Zoë eins", "eins"], ["Zoë", "Zoë"])
    assert known.tokens == ("▁Zoë",)
    assert unknown.tokens == ("<unk>",)
    (begun,) = translator.translate(["eins Zoë"], prefixes="Zoë", beam=3)
    assert begun.text.startswith("Zoë")
    assert begun.copied[0] == 0
    assert begun.unknown == ("Zoë",)
    with pytest.raises(
        TandemError, match="the prefix 'Zoë' contains 'Zoë', which is not in the model's target vocabulary"
    ):
        translator.translate(["eins"], prefixes="Zoë")


def test_copied_words_stand_as_in_the_source_and_json_says_which_they_are() -> None:
    translator = translator_of()
    (made,) = translator.translate(["Marla, Quist Marla"], beam=4, n_best=2, **SHORT)  # type: ignore[arg-type]
    content = json.loads(JSON.record(0, "Marla, Quist Marla", made))
    assert content["copied"] == list(made.copied) != []
    assert "copied" not in json.loads(JSON.record(0, "eins", untrained().translate(["eins"])[0]))
    (aligned,) = translator.translate(["Zoë eins"], alignment=True)
    assert aligned.source_tokens == ("<sos>", "<unk>", "▁eins", "<eos>")


def test_neither_company_nor_order_changes_a_translation() -> None:
    for translator in (translator_of(), ensemble()):
        together = translator.translate(TEXTS, beam=3)
        for text, made in reversed(list(zip(TEXTS, together, strict=True))):
            (alone,) = translator.translate([text], beam=3)
            assert alone.text == made.text
            assert alone.token_scores == pytest.approx(made.token_scores, abs=1e-4)


def test_a_checkpoint_copies_as_its_model_does(tmp_path: Path) -> None:
    translator = translator_of()
    loaded = load(saved(translator, tmp_path / "model"), device="cpu")
    assert loaded.recipe.model.copy
    assert loaded.translate(TEXTS) == translator.translate(TEXTS)
    parts = translator.model, translator.source_tokenizer, translator.target_tokenizer
    assert [made.text for made in Translator.of(*parts).translate(TEXTS, beam=2)] == [
        made.text for made in translator.translate(TEXTS, beam=2, length_penalty=1)
    ]
