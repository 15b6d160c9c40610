"""Where the model looked: alignments of translations."""

import json

import pytest

from tandem.errors import TandemError
from tandem.translation.forms import JSON
from tests.support.runs import untrained

TEXTS = ["eins zwei drei", "", "drei eins", "zwei"]
ATTENDING = ("model.attention=luong", "model.bidirectional=true")


@pytest.mark.parametrize("reverse", ["true", "false"])
def test_each_token_says_how_much_it_looked_at_each_token_of_the_text(reverse: str) -> None:
    translator = untrained("lstm", *ATTENDING, f"text.reverse_source={reverse}")
    together = translator.translate(TEXTS, alignment=True, beam=2, max_length_extra=2, max_length_factor=0.5)
    plain = translator.translate(TEXTS, beam=2, max_length_extra=2, max_length_factor=0.5)
    assert [one.text for one in together] == [one.text for one in plain]
    assert (together[1].attention, together[1].alignment) == ((), ())
    assert (plain[0].attention, plain[0].source_tokens) == ((), ())
    for text, translation in zip(TEXTS, together, strict=True):
        if not text:
            continue
        words = tuple(f"▁{word}" for word in text.split())
        assert translation.source_tokens == ("<sos>", *words, "<eos>")
        assert len(translation.attention) == len(translation.tokens) + 1
        for weights in translation.attention:
            assert len(weights) == len(words) + 2
            assert sum(weights) == pytest.approx(1, abs=1e-5)
        assert [target for _, target in translation.alignment] == list(range(len(translation.tokens)))
        for source, target in translation.alignment:
            assert translation.attention[target][1 + source] == max(translation.attention[target][1:-1])
    content = json.loads(JSON.record(0, TEXTS[0], together[0]))
    assert content["alignment"].split()[0] == f"{together[0].alignment[0][0]}-0"
    assert content["attention"][0] == [round(weight, 4) for weight in together[0].attention[0]]


def test_a_model_without_attention_says_so() -> None:
    with pytest.raises(TandemError, match=r"this model has none: train one with --set model\.attention=gnmt"):
        untrained("gru").translate(["eins"], alignment=True)
