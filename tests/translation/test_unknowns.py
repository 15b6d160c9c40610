"""Unknown words of an output, replaced by the source words that they came from."""

import json
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
import torch

from tandem.engines import Engine
from tandem.engines.members import Member
from tandem.engines.torch_engine import TorchEngine
from tandem.models import CellType, Seq2Seq
from tandem.names import TokenizerKind
from tandem.text import UNK_ID, Tokenizer
from tandem.text.codec import Codec
from tandem.translation.constructors import translator_from_members
from tandem.translation.forms import JSON
from tandem.translation.translator import Translator
from tandem.translation.unknowns import UnknownWords
from tests.support.runs import untrained

TRAINED_ON = ["a man sees a dog , and the dog sees a man ."]


class Looking:
    """An engine whose output comes from these tokens of the source, one for each token that it wrote."""

    def __init__(self, *places: int) -> None:
        self._places = places

    def influence(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[Any]:
        chosen = [self._places[len(target) - 1] for target in targets]
        return [np.eye(len(source))[place + 1] for source, place in zip(sources, chosen, strict=True)]


def shown(source: TokenizerKind, target: TokenizerKind, text: str, output: str, *places: int, **entries: str) -> str:
    """The output with its unknown words replaced; its tokens come from these tokens of the text."""
    tokenizers = [Tokenizer.train(kind, TRAINED_ON, lowercase=True) for kind in (source, target)]
    codec = Codec(tokenizers[0], tokenizers[1])
    ids = codec.target.encode(output)
    assert UNK_ID in ids
    words = UnknownWords(cast(Engine[Any], Looking(*places)), codec, entries)
    (((*found,),),) = words.replaced([text], [codec.encode_sources([text])[0].ids], [[ids]])
    assert [one.token for one in found] == [place for place, index in enumerate(ids) if index == UNK_ID]
    return codec.target.decode(ids, unknown=[f" {one.text}" if one.spaced else one.text for one in found])


@pytest.mark.parametrize(
    ("source", "target", "text", "output", "places", "expected"),
    [
        ("word", "word", "Eine  Zürich-Karte .", "a dog Q .", (0, 1, 1, 4), "a dog Zürich ."),
        ("word", "word", "Eine Zürich-Karte.", "a Q Q.", (0, 1, 3, 4), "a Zürich Karte."),
        ("word", "word", "Eine .-Karte.", "a .Q", (0, 1, 2), "a .-"),
        ("word", "word", "Eine ,Karte.", "a ,Q", (0, 1, 2), "a ,Karte"),
        ("word", "word", "Eine Zu\u0308rich-Karte.", "a Q", (0, 1), "a Zu\u0308rich"),
        ("word", "word", "Haus, ja", "Q , and", (0, 1, 2), "Haus , and"),
        ("word", "word", "ein \u2581\u2581", "a Q", (0, 1), "a \u2581"),
        ("whitespace", "word", "ja (Haus), ja", "a Q , and", (0, 1, 1, 2), "a Haus , and"),
        ("whitespace", "whitespace", "ja <unk> Haus,", "a Q Q", (0, 1, 2), "a <unk> Haus,"),
        ("character", "word", "ja Haus.", "a Q .", (0, 5, 7), "a Haus ."),
        ("bpe", "word", "dog Häuser, ja", "a Q .", (0, 3, 1), "a Häuser ."),
        ("bpe", "whitespace", "dog Häuser, ja", "a Q .", (0, 3, 1), "a Häuser, ."),
        ("character", "character", "a☃n", "a?n", (0, 1, 2), "a☃n"),
        ("bpe", "bpe", "dog ☃☃", "dog ?", (0, 2, 2), "dog ☃"),
    ],
)
def test_words_are_as_they_stand_in_the_source_with_the_spaces_that_the_tokens_need(
    source: TokenizerKind, target: TokenizerKind, text: str, output: str, places: tuple[int, ...], expected: str
) -> None:
    assert shown(source, target, text, output, *places) == expected


def test_a_dictionary_has_its_words_in_the_form_that_the_tokenizer_reads() -> None:
    assert (
        shown("word", "word", "Haus Zu\u0308rich", "Q sees Q", 0, 0, 1, haus="the house")
        == "the house sees Zu\u0308rich"
    )
    assert shown("word", "word", "Zu\u0308rich", "a Q", 0, 0, **{"Z\u00fcrich": "Zurich"}) == "a Zurich"


TEXTS = ["eins zwei drei", "", "drei eins Zehn eins", "zwei", "Acht  Neun acht neun acht"]
ATTENDING = ("model.attention=gnmt", "model.bidirectional=true", "model.layers=2")


def unsure(*members: Translator) -> Translator:
    """Their ensemble, or the only one, with `<unk>` often in its outputs."""
    for member in members:
        with torch.no_grad():
            member.model.decoder.fc_out.bias[UNK_ID] += 2
    engines = [Member(one.model, one.recipe) for one in members]
    tokenizers = members[0].source_tokenizer, members[0].target_tokenizer
    return translator_from_members(engines, *tokenizers, device=torch.device("cpu"))


TRANSLATORS = {
    "without attention": lambda: unsure(untrained("lstm", "text.reverse_source=true")),
    "with attention": lambda: unsure(untrained("gru", *ATTENDING)),
    "with and without": lambda: unsure(untrained("lstm"), untrained("rnn", *ATTENDING, "text.reverse_source=true")),
    "several without": lambda: unsure(untrained("lstm"), untrained("gru", "text.reverse_source=true")),
}


@pytest.mark.parametrize("name", TRANSLATORS)
def test_neither_the_batch_nor_what_else_is_asked_for_changes_what_is_replaced(name: str) -> None:
    translator = TRANSLATORS[name]()
    options: dict[str, Any] = {"beam": 3, "n_best": 2, "max_length_extra": 3}
    together = translator.translate(TEXTS, replace_unknown=True, **options)
    unreplaced = translator.translate(TEXTS, allow_unk=True, **options)
    assert sum(len(one.replaced or ()) for all_ in together for one in all_.alternatives) > 4
    for text, all_, plain in zip(TEXTS, together, unreplaced, strict=True):
        (alone,) = translator.translate([text], replace_unknown=True, batch_size=1, **options)
        assert [one.text for one in all_.alternatives] == [one.text for one in alone.alternatives]
        assert [one.replaced for one in all_.alternatives] == [one.replaced for one in alone.alternatives]
        assert [one.tokens for one in all_.alternatives] == [one.tokens for one in plain.alternatives]
        assert all_.text == all_.alternatives[0].text
        for one in all_.alternatives:
            assert one.replaced is not None
            assert "<unk>" not in one.text
            assert [word.token for word in one.replaced] == [n for n, t in enumerate(one.tokens) if t == "<unk>"]
            assert {word.source for word in one.replaced} <= set(text.split())
        assert all(one.replaced is None for one in plain.alternatives)


def test_json_tells_what_was_replaced() -> None:
    translator = TRANSLATORS["with attention"]()
    (made,) = translator.translate([TEXTS[2]], replace_unknown=True, beam=3, n_best=2)
    content = json.loads(JSON.record(0, TEXTS[2], made))
    assert content["replaced"] == content["alternatives"][0]["replaced"]
    assert content["replaced"] == [
        {"token": word.token, "source": word.source, "text": word.text} for word in made.replaced or ()
    ]
    assert content["replaced"]
    assert "replaced" not in json.loads(JSON.record(0, TEXTS[2], translator.translate([TEXTS[2]])[0]))


def test_a_dictionary_alone_is_an_error() -> None:
    with pytest.raises(
        ValueError, match=r"a dictionary is used only if unknown words are replaced: .* \(--replace-unk"
    ):
        untrained().translate(["eins"], dictionary={"eins": "one"})


@pytest.mark.parametrize(("cell", "settings"), [("lstm", ()), ("gru", ATTENDING)])
def test_influence_is_what_scaling_an_embedding_does(cell: CellType, settings: tuple[str, ...]) -> None:
    """Each token stands once in its source, so its embedding is its own."""
    model = untrained(cell, *settings).model
    source, target = [2, 4, 6, 3], [5, 0]
    engine = TorchEngine([Member(model, untrained().recipe)], device=torch.device("cpu"))
    found = engine.influence([[2, 7, 8, 5, 3], source], [[7], target])[1]
    assert found == pytest.approx([growth(model, source, target, token) for token in source], abs=0.01)


def growth(model: Seq2Seq, source: list[int], target: list[int], token: int, step: float = 0.01) -> float:
    """How fast the log-probability of the last token of the target grows with the embedding of a token."""
    weight, scores = model.encoder.embedding.weight, []
    for factor in (1 + step, 1 - step):
        with torch.no_grad():
            before = weight[token].clone()
            weight[token] *= factor
            state, memory = model.encode(torch.tensor([source]).T, torch.tensor([len(source)]))
            features = model.decoder.features(torch.tensor([[2, *target[:-1]]]).T, state, None, memory)
            scores.append(float(model.decoder.fc_out(features[-1, 0]).log_softmax(0)[target[-1]]))
            weight[token] = before
    return (scores[0] - scores[1]) / (2 * step)
