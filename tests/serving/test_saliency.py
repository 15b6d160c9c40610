"""`POST /v1/saliency` says what the translator says of one text."""

from typing import Any

import pytest

from tandem.errors import TandemError
from tandem.serving import saliency
from tandem.serving.answers import SaliencyAnswer
from tandem.serving.limits import Limits
from tandem.translation.saliency import saliency_object
from tests.serving.desk import ATTENDING, PLAIN, as_json, desk


@pytest.mark.parametrize("model", [ATTENDING, PLAIN])
@pytest.mark.parametrize("target", [None, "one six", ""])
@pytest.mark.parametrize("text", ["eins zwei drei", ""])
def test_the_answer_is_what_the_translator_says(model: str, target: str | None, text: str) -> None:
    here = desk()
    given = {} if target is None else {"target": target}
    with here.client() as client:
        answer = client.post("/v1/saliency", json={"text": text, "model": model, **given})
    assert answer.status_code == 200, answer.json()
    SaliencyAnswer.model_validate(answer.json(), strict=True)
    translator = here.alone[model].translator
    (expected,) = translator.saliency([text], None if target is None else [target])
    assert answer.json() == as_json(saliency_object(text, expected))
    assert (answer.json()["attention"] is None) == (model == PLAIN) == ("attention" in answer.json()["reasons"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "text: is missing"),
        ({"text": ["eins"]}, "text: should be a valid string"),
        ({"text": "eins", "target": 3}, "target: should be a valid string"),
        ({"text": "eins", "model": "none"}, "model: there is no model 'none'; the models are attending, plain"),
        ({"text": "eins " * 20}, "text: text 0 (counted from 0) has 100 characters, and 60 are the most here"),
        ({"text": "eins", "target": "one " * 20}, "target: text 0 (counted from 0) has 80 characters"),
        (
            {"text": "eins zwei drei", "target": "one two"},
            "text: has 3 tokens, and its target 3 with <eos>; source tokens times target tokens may be 8 here",
        ),
    ],
)
def test_what_cannot_be_asked_is_said(body: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saliency, "MOST_CELLS", 8)
    with desk(Limits(characters=60)).client() as client:
        answer = client.post("/v1/saliency", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(message)


def test_a_text_without_a_translation_has_its_error() -> None:
    here = desk()
    here.alone[ATTENDING].faults = {"eins": TandemError("no output")}
    with here.client() as client:
        answer = client.post("/v1/saliency", json={"text": "eins"})
    assert (answer.status_code, answer.json()) == (500, {"error": {"code": "failed", "message": "no output"}})
