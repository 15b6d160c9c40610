"""`POST /v1/inside` says what analysis finds."""

from typing import Any

import pytest

from tandem.analysis import changed_units, watch_decoder, watch_encoder
from tandem.serving import inside
from tandem.serving.answers import ErrorAnswer, InsideAnswer
from tandem.serving.limits import Limits
from tests.serving.desk import ATTENDING, PLAIN, as_export, desk
from tests.support.runs import untrained

TEXT = "eins zwei vier"


@pytest.mark.parametrize("what", ["hidden", "cell", "forget"])
def test_the_values_are_those_of_the_encoder(what: Any) -> None:
    here = desk()
    with here.client() as client:
        answer = client.post("/v1/inside", json={"text": TEXT, "side": "encoder", "what": what, "layer": 1})
    assert answer.status_code == 200
    content = answer.json()
    InsideAnswer.model_validate(content, strict=True)
    found = watch_encoder(here.translator, TEXT, 1)
    assert content["tokens"] == list(found.tokens)
    assert content["changed"] == changed_units(found.forward[what])
    assert len(content["values"]) == len(found.tokens)
    for row, values in zip(content["values"], found.forward[what].tolist(), strict=True):
        assert row == pytest.approx(values, abs=1e-6)
    assert content["whats"] == ["hidden", "cell", "input", "forget", "output", "candidate"]
    assert [content[key] for key in ("model", "members", "layers", "directions", "backward", "backward_changed")] == [
        ATTENDING, 1, 2, 1, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("target", [None, "two one"])
def test_the_decoder_reads_a_target_or_its_translation(target: str | None) -> None:
    here = desk()
    body = {"text": TEXT, "side": "decoder", "what": "update", "model": PLAIN, "target": target}
    with here.client() as client:
        content = client.post("/v1/inside", json=body).json()
    translator = here.alone[PLAIN].translator
    found = watch_decoder(translator, TEXT, target)
    assert content["tokens"] == list(found.tokens)
    if target is None:
        assert content["tokens"][1:] == list(translator.translate([TEXT])[0].tokens)
    assert content["whats"] == ["hidden", "update", "reset", "candidate"]
    for row, values in zip(content["values"], found.forward["update"].tolist(), strict=True):
        assert row == pytest.approx(values, abs=1e-6)


def test_both_directions_are_answered() -> None:
    both_ways = untrained("lstm", "model.attention=luong", "model.bidirectional=true")
    here = desk(make=lambda _: both_ways)
    with here.client() as client:
        content = client.post("/v1/inside", json={"text": TEXT, "side": "encoder", "what": "hidden"}).json()
    InsideAnswer.model_validate(content, strict=True)
    found = watch_encoder(here.translator, TEXT)
    assert found.backward is not None
    assert content["directions"] == 2
    assert content["backward"][0] == pytest.approx(found.backward["hidden"][0].tolist(), abs=1e-6)
    assert content["backward_changed"] == changed_units(found.backward["hidden"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"side": "encoder"}, "what: is missing"),
        ({"side": "middle", "what": "hidden"}, "side: should be 'encoder' or 'decoder'"),
        (
            {"side": "encoder", "what": "hidden", "layer": 2},
            "layer is 2, and the encoder has 2 layers, counted from 0: choose",
        ),
        ({"side": "decoder", "what": "hidden", "layer": -1}, "layer: should be greater than or equal to 0"),
        (
            {"side": "encoder", "what": "cell", "model": PLAIN},
            "what: is 'cell', and the layers of plain have hidden, update, reset, candidate: choose one of them",
        ),
        ({"side": "encoder", "what": "hidden", "text": "a" * 31}, "text: text 0 (counted from 0) has 31 characters"),
        ({"side": "decoder", "what": "hidden", "target": "a" * 31}, "target: text 0 (counted from 0) has 31 charac"),
    ],
)
def test_what_does_not_fit_is_said(body: dict[str, Any], message: str) -> None:
    with desk(Limits(characters=30)).client() as client:
        answer = client.post("/v1/inside", json={"text": TEXT, **body})
    assert answer.status_code == 422
    assert ErrorAnswer.model_validate(answer.json()).error.message.startswith(message)


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "_MOST_VALUES", 39)
    with desk().client() as client:
        answer = client.post("/v1/inside", json={"text": TEXT, "side": "encoder", "what": "hidden"})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("text: there are 40 values at its 5 steps, and 39 are the most")


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/inside", {"side": "encoder", "what": "hidden"}), ("/v1/neighbours", {})]
)
def test_an_export_is_refused(path: str, body: dict[str, Any]) -> None:
    with desk(make=as_export).client() as client:
        answer = client.post(path, json={"text": TEXT, **body})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == (
        "model: attending is an export, and this needs the PyTorch model itself: serve the run or the checkpoint that "
        "it was made from"
    )
