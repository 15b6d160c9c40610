"""Saliency: each way of telling which source token moved a target token, held to what it says that it is."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tandem.errors import ArgumentError
from tandem.runs import export
from tandem.text import EOS_ID, UNK_ID
from tandem.translation import Saliency, Translator, load, saliency
from tandem.translation.constructors import translator_from_members
from tandem.translation.forms import json_line
from tandem.translation.saliency import saliency_object
from tests.support.runs import saved, untrained

ATTENDING = ("model.attention=gnmt", "model.bidirectional=true", "model.layers=2")
REVERSED = "text.reverse_source=true"
TEXTS = ["eins zwei drei", "", "drei eins Zehn eins", "zwei"]
TARGETS = ["one two", "three", "", "two nonsense one two"]
FEATURES = "text.features={ tokenizer = 'tags' }"


def ensemble(*members: Translator) -> Translator:
    tokenizers = members[0].source_tokenizer, members[0].target_tokenizer
    together = [one for member in members for one in member.members]
    return translator_from_members(together, *tokenizers, device=torch.device("cpu"))


def copying(*settings: str) -> Translator:
    """A model that often copies."""
    made = untrained("gru", "model.attention=luong", "model.copy=true", *settings)
    torch.nn.init.constant_(made.model.decoder.copy_gate.bias, -4)  # type: ignore[union-attr]
    return ensemble(made)


TRANSLATORS: dict[str, Callable[[], Translator]] = {
    "without attention": lambda: untrained("lstm", REVERSED),
    "with attention": lambda: untrained("gru", *ATTENDING),
    "with attention, reversed": lambda: untrained("lstm", *ATTENDING, REVERSED),
    "copying": copying,
    "an ensemble": lambda: ensemble(untrained("lstm"), untrained("rnn", *ATTENDING, REVERSED)),
    "an ensemble of which one copies": lambda: ensemble(copying(REVERSED), untrained("lstm")),
}
each_translator = pytest.mark.parametrize("name", TRANSLATORS)


def tables(one: Saliency) -> dict[str, Any]:
    """What there is of the three."""
    given = {"gradient": one.gradient, "left_out": one.left_out, "attention": one.attention}
    return {name: values for name, values in given.items() if values is not None}


@each_translator
def test_tables_have_a_row_for_each_target_token_and_a_column_for_each_source_token(name: str) -> None:
    translator = TRANSLATORS[name]()
    for text, target, one in zip(TEXTS, TARGETS, translator.saliency(TEXTS, TARGETS), strict=True):
        assert [token.strip("▁") for token in one.source_tokens if token != "<unk>"] == [
            word for word in text.split() if word != "Zehn"
        ]
        assert [token.strip("▁") for token in one.target_tokens if token != "<unk>"] == [
            word for word in (*target.split(), "<eos>") if word != "nonsense"
        ]
        assert one.text == target
        for values in tables(one).values():
            assert values.shape == (len(target.split()) + 1, len(text.split()))
            assert np.isfinite(values).all()
        assert (one.attention is None) == ("attention" in one.reasons)
        assert "gradient" in tables(one)


@each_translator
def test_what_is_left_out_is_what_the_score_of_the_shorter_text_falls_by(name: str) -> None:
    translator = TRANSLATORS[name]()
    text, target = "eins zwei drei vier", "one two six"
    (one,) = translator.saliency([text], [target])
    words = text.split()
    shorter = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
    whole, *others = translator.score([text, *shorter], [target] * (1 + len(words)))
    for place, other in enumerate(others):
        falls = np.array(whole.token_scores) - np.array(other.token_scores)
        assert one.left_out[:, place] == pytest.approx(falls, abs=2e-5)


@pytest.mark.parametrize("name", [name for name in TRANSLATORS if "ensemble" not in name])
def test_the_gradient_is_what_scaling_an_embedding_does(name: str) -> None:
    """Each token stands once in its source, so its embedding is its own. The last one is copied by what copies."""
    translator = TRANSLATORS[name]()
    text, target = "eins zwei vier Zoë", "one six Zoë"
    (one,) = translator.saliency([text], [target])
    assert one.gradient is not None
    weight = translator.model.encoder.embedding.weight
    for place, index in enumerate(translator.source_tokenizer.encode(text)):
        scores = []
        for factor in (1.01, 0.99):
            with torch.no_grad():
                before = weight[index].clone()
                weight[index] *= factor
                # The engine has tables of its own of the embeddings, so it is made anew.
                scores.append(np.array(ensemble(translator).score([text], [target])[0].token_scores))
                weight[index] = before
        assert one.gradient[:, place] == pytest.approx((scores[0] - scores[1]) / 0.02, abs=0.02)


def test_the_gradient_of_an_ensemble_is_the_mean_of_its_members() -> None:
    one, other = untrained("lstm"), untrained("rnn", *ATTENDING, REVERSED)
    alone = [member.saliency(TEXTS, TARGETS) for member in (one, other)]
    for together, first, second in zip(ensemble(one, other).saliency(TEXTS, TARGETS), *alone, strict=True):
        assert first.gradient is not None
        assert second.gradient is not None
        assert together.gradient == pytest.approx((first.gradient + second.gradient) / 2, abs=1e-5)
        assert together.attention == pytest.approx(second.attention, abs=1e-5)


def test_attention_is_that_of_the_alignment() -> None:
    translator = TRANSLATORS["with attention, reversed"]()
    (made,) = translator.translate(["eins zwei drei"], alignment=True)
    (one,) = translator.saliency(["eins zwei drei"], [made])
    assert one.attention == pytest.approx(np.array(made.attention)[:, 1:-1], abs=1e-6)
    assert one.source_tokens == made.source_tokens[1:-1]


@each_translator
@pytest.mark.parametrize("most", [1, 40])
def test_neither_other_texts_nor_the_blocks_change_anything(
    name: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = TRANSLATORS[name]()
    together = translator.saliency(TEXTS, TARGETS)
    for limit in ("_MOST_TOKENS", "_MOST_TOGETHER", "_MOST_PREPARED"):
        monkeypatch.setattr(saliency, limit, most)
    parted = translator.saliency(TEXTS, TARGETS)
    alone = [translator.saliency([text], [target])[0] for text, target in zip(TEXTS, TARGETS, strict=True)]
    for one, other, third in zip(together, parted, alone, strict=True):
        for kind, values in tables(one).items():
            assert tables(other)[kind] == pytest.approx(values, abs=2e-5)
            assert tables(third)[kind] == pytest.approx(values, abs=2e-5)


@each_translator
def test_without_targets_texts_are_translated_and_a_translation_is_taken_token_by_token(name: str) -> None:
    translator = TRANSLATORS[name]()
    found = translator.saliency(TEXTS)
    made = translator.translate(TEXTS)
    # Read anew, a text may be of other tokens.
    again = translator.saliency(TEXTS, [replace(one, text="anything") for one in made])
    for one, other, translation in zip(found, again, made, strict=True):
        assert one.text == translation.text
        assert one.target_tokens == other.target_tokens == (*translation.tokens, "<eos>")
        assert one.left_out == pytest.approx(other.left_out, abs=2e-5)


def test_a_translation_of_another_text_that_copied_is_refused() -> None:
    translator = copying()
    (made,) = translator.translate(["Zoë"])
    made = replace(made, tokens=("▁Zoë",), copied=(0,), text="Zoë")
    with pytest.raises(ArgumentError, match=r"targets: 'Zoë' copied '▁Zoë', which its text does not contain"):
        translator.saliency(["eins"], [made])


@pytest.mark.parametrize("reverse", ["true", "false"])
def test_a_copied_token_is_impossible_without_the_only_token_that_it_was_copied_from(reverse: str) -> None:
    translator = copying(f"text.reverse_source={reverse}")
    once, twice = translator.saliency(["Zoë eins Marla", "Zoë eins Zoë"], ["one Zoë Marla", "Zoë"])
    assert once.target_tokens == ("▁one", "▁Zoë", "▁Marla", "<eos>")
    assert once.left_out[1].tolist()[0] == np.inf
    assert once.left_out[2].tolist()[2] == np.inf
    assert np.isinf(once.left_out).sum() == 2
    assert np.isfinite(twice.left_out).all()
    whole, other = translator.score(["Zoë eins Zoë", "eins Zoë"], ["Zoë", "Zoë"])
    assert twice.left_out[0, 0] == pytest.approx(whole.token_scores[0] - other.token_scores[0], abs=2e-5)
    content = json.loads(json_line(saliency_object("Zoë eins Marla", once)))
    assert content["left_out"][1][0] is None


def test_an_export_has_no_gradient_and_says_why(tmp_path: Path) -> None:
    translator = untrained("lstm", *ATTENDING)
    export(saved(translator, tmp_path / "model"), out=tmp_path / "export")
    for one, expected in zip(
        load(tmp_path / "export").saliency(TEXTS, TARGETS), translator.saliency(TEXTS, TARGETS), strict=True
    ):
        assert one.gradient is None
        assert list(one.reasons) == ["gradient"]
        assert "name the run or checkpoint" in one.reasons["gradient"]
        assert one.left_out == pytest.approx(expected.left_out, abs=2e-4)
        assert one.attention == pytest.approx(expected.attention, abs=1e-4)


def test_features_are_source_tokens_like_others() -> None:
    pairs = [("eins zwei\tA;B", "one two"), ("zwei\tB", "two"), ("eins\tA", "one")]
    translator = untrained("lstm", FEATURES, *ATTENDING, REVERSED, pairs=pairs)
    (one,) = translator.saliency(["eins zwei\tB;A"], ["two one"])
    assert one.source_tokens == ("▁eins", "▁zwei", "B", "A")
    assert one.gradient is not None
    assert one.gradient.shape == one.left_out.shape == (3, 4)
    assert np.abs(one.gradient).min() > 0
    whole, other = translator.score(["eins zwei\tB;A", "eins zwei\tA"], ["two one"] * 2)
    falls = np.array(whole.token_scores) - np.array(other.token_scores)
    assert one.left_out[:, 2] == pytest.approx(falls, abs=2e-5)


def test_unknown_words_are_replaced_by_a_model_with_features() -> None:
    """It failed with an IndexError: the gradient by the embeddings of features was unknown."""
    pairs = [("eins zwei\tA;B", "one two"), ("zwei\tB", "two")]
    translator = untrained("lstm", FEATURES, pairs=pairs)
    with torch.no_grad():
        translator.model.decoder.fc_out.bias[UNK_ID] += 50
        translator.model.decoder.fc_out.bias[EOS_ID] += 48
    (made,) = ensemble(translator).translate(["eins zwei\tB"], replace_unknown=True, beam=1, max_length_extra=2)
    assert made.replaced
    assert {one.source for one in made.replaced} <= {"eins", "zwei", "B"}


@pytest.mark.parametrize(
    ("texts", "targets", "message"),
    [
        ("eins", None, "texts is of type str, but must be a list of texts"),
        (["eins", 1], None, "texts: item 2 is of type int, but must be a text"),
        (["eins"], ["one", "two"], "there are 1 texts and 2 targets; each text needs one"),
        (["eins"], "one", "targets is of type str, but must be a list of texts or translations"),
        (["eins"], [1], "targets: item 1 is of type int, but must be a text or a translation"),
    ],
)
def test_what_is_no_list_of_pairs_is_said(texts: Any, targets: Any, message: str) -> None:
    with pytest.raises((ArgumentError, ValueError), match=message):
        untrained().saliency(texts, targets)
