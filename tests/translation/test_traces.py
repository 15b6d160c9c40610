"""The trace of a text's search: its translations are those of `translate`, and it says which tokens it looked at."""

from typing import Any

import pytest
import torch

from tandem.errors import ArgumentError, MemoryShortage, TandemError
from tandem.serving.answers import TraceAnswer
from tandem.text import UNK_ID
from tandem.translation import Translator
from tandem.translation.traces import Trace, trace_object
from tests.serving.desk import as_json
from tests.support.runs import untrained

TEXTS = ["eins zwei", "", "drei vier unbekannt", "Zoë eins"]
TRANSLATORS = {
    "plain": ("lstm", "text.reverse_source=true"),
    "coverage": ("gru", "model.attention=luong", "search.coverage=0.3", "search.length_penalty=0.5"),
    "copying": ("gru", "model.attention=luong", "model.copy=true"),
    "bpe": ("gru", "text.source.tokenizer=bpe", "text.target.tokenizer=bpe"),
}


def written(trace: Trace, number: int) -> list[str]:
    """The tokens from the first to a node."""
    node = trace.nodes[number]
    return [] if node.parent is None else [*written(trace, node.parent), node.token]


@pytest.mark.parametrize("name", TRANSLATORS)
@pytest.mark.parametrize(
    "options",
    [
        {"beam": 1},
        {"beam": 1, "length_penalty": 1.5},
        {"beam": 4, "n_best": 3, "length_penalty": 0.7},
        {"beam": 3, "allow_unk": True},
        {"beam": 2, "max_length_factor": 0.5, "max_length_extra": 1},
    ],
    ids=repr,
)
def test_its_translations_are_those_of_the_text_alone(name: str, options: dict[str, Any]) -> None:
    cell, *settings = TRANSLATORS[name]
    translator = untrained(cell, *settings)  # type: ignore[arg-type]
    for text, trace in zip(TEXTS, translator.trace(TEXTS, **options), strict=True):
        (expected,) = translator.translate([text], **options)
        assert trace.source == text
        assert trace.text == expected.text
        TraceAnswer.model_validate(as_json(trace_object(trace)), strict=True)
        if not text:
            assert (trace.steps, trace.results, trace.source_tokens, len(trace.nodes)) == (0, (), (), 1)
            continue
        every = expected.alternatives or (expected,)
        assert trace.texts == tuple(one.text for one in every)
        for number, one in zip(trace.results, every, strict=True):
            assert written(trace, number) == [*one.tokens, "<eos>"]
            assert trace.nodes[number].score == pytest.approx(one.score)
            assert trace.nodes[number].log_probability == pytest.approx(one.log_probability)
        assert trace.steps == max(node.step for node in trace.nodes) >= len(every[0].token_scores)


def test_source_tokens_stand_in_the_order_of_the_text() -> None:
    for reverse in ("true", "false"):
        (trace,) = untrained("gru", f"text.reverse_source={reverse}").trace(["eins zwei unbekannt drei"])
        assert trace.source_tokens == ("▁eins", "▁zwei", "<unk>", "▁drei")


def test_replaced_words_stand_in_its_texts_and_their_tokens_in_its_nodes() -> None:
    translator = untrained("gru")
    with torch.no_grad():
        translator.model.decoder.fc_out.bias[UNK_ID] += 4
    translator = Translator.of(translator.model, translator.source_tokenizer, translator.target_tokenizer)
    options: dict[str, Any] = {"beam": 3, "replace_unknown": True}
    texts = ["eins Holzapfel", "Quist", "eins eins Quist zwei"]
    made = translator.translate(texts, **options)
    assert any("<unk>" in one.tokens for one in made)
    for text, one in zip(texts, made, strict=True):
        (trace,) = translator.trace([text], **options)
        assert trace.text == one.text
        assert written(trace, trace.results[0])[:-1] == [*one.tokens]


def test_prefixes_are_one_for_all_or_one_for_each() -> None:
    translator: Translator = untrained("gru")
    one, two = translator.trace(["eins", "zwei"], prefixes=["two", "three four"])
    assert written(one, one.results[0])[:1] == ["▁two"]
    assert written(two, two.results[0])[:2] == ["▁three", "▁four"]
    assert all(trace.text.startswith("six") for trace in translator.trace(["eins", "zwei"], prefixes="six"))
    with pytest.raises(ValueError, match="there are 1 texts and 2 prefixes; each text needs one"):
        translator.trace(["eins"], prefixes=["one", "two"])


def test_what_has_no_trace_is_said() -> None:
    translator = untrained("gru")
    with pytest.raises(ArgumentError, match="a trace shows a search, and sample draws instead of searching"):
        translator.trace(["eins"], sample=2)
    with pytest.raises(ArgumentError, match="texts is of type str, but must be a list of texts"):
        translator.trace("eins")
    with pytest.raises(TandemError, match="the prefix 'seven' contains 'seven'"):
        translator.trace(["eins"], prefixes="seven")
    with pytest.raises(MemoryShortage, match="lower the beam"):
        translator.trace(["eins"], beam=10_000, max_length_extra=10_000)
