"""`POST /v1/translate` and `POST /v1/score` say what the command line says of each text alone."""

from typing import Any

import pytest

from tandem.errors import TandemError
from tandem.serving.answers import ScoreAnswer, TranslateAnswer
from tandem.translation.messages import target_score_object, translation_object
from tests.serving.desk import ATTENDING, PLAIN, as_json, desk, metric

TEXTS = ["eins zwei", "", "drei \u2028 vier", "unbekannt 😀"]


@pytest.mark.parametrize(
    "options",
    [{}, {"beam": 3, "n_best": 2}, {"beam": 1, "length_penalty": 0}, {"alignment": True}, {"length_penalty": 1.5}],
)
def test_translations_are_those_of_each_text_alone(options: dict[str, Any]) -> None:
    here = desk()
    with here.client() as client:
        answer = client.post("/v1/translate", json={"text": TEXTS, **options})
    assert answer.status_code == 200
    TranslateAnswer.model_validate(answer.json(), strict=True)
    expected = [translation_object(text, here.translator.translate([text], **options)[0]) for text in TEXTS]
    assert answer.json() == as_json({"model": ATTENDING, "translations": expected})


def test_one_text_is_answered_as_a_list_of_one() -> None:
    here = desk()
    with here.client() as client:
        body = {"text": "eins", "model": PLAIN, "prefix": "two", "confidence": False}
        (found,) = client.post("/v1/translate", json=body).json()["translations"]
    (expected,) = here.alone[PLAIN].translator.translate(["eins"], prefixes="two")
    assert found["text"] == expected.text
    assert found["tokens"][0] == "▁two"
    assert "confidence" not in found


def test_a_text_that_fails_has_its_own_error(caplog: pytest.LogCaptureFixture) -> None:
    here = desk()
    here.alone[ATTENDING].faults = {"zwei": TandemError("no output"), "drei": RuntimeError("a secret")}
    with here.client() as client:
        answer = client.post("/v1/translate", json={"text": ["eins", "zwei", "drei"]})
        assert metric(client, f'tandem_texts_failed_total{{model="{ATTENDING}"}}') == 2
    TranslateAnswer.model_validate(answer.json(), strict=True)
    one, two, three = answer.json()["translations"]
    assert one["text"] == here.translator.translate(["eins"])[0].text
    assert two == {"source": "zwei", "error": {"code": "failed", "message": "no output"}}
    assert three["error"]["message"] == "the model failed at this text; the server's log says more"
    assert "a secret" in caplog.text


def test_scores_are_those_of_the_translator() -> None:
    here = desk()
    sources, targets = ["eins zwei", "eins"], ["one two", "three"]
    with here.client() as client:
        answer = client.post("/v1/score", json={"source": sources, "target": targets})
        single = client.post("/v1/score", json={"source": "eins", "target": "three"}).json()["scores"]
    ScoreAnswer.model_validate(answer.json(), strict=True)
    scores = here.translator.score(sources, targets)
    expected = [target_score_object(*three) for three in zip(sources, targets, scores, strict=True)]
    assert answer.json() == as_json({"model": ATTENDING, "scores": expected})
    assert single[0]["log_probability"] == pytest.approx(scores[1].log_probability)


def test_a_pair_that_fails_has_its_own_error() -> None:
    here = desk()
    here.alone[ATTENDING].faults = {"zwei": TandemError("not finite")}
    with here.client() as client:
        answer = client.post("/v1/score", json={"source": ["eins", "zwei"], "target": ["one", "two"]})
    ScoreAnswer.model_validate(answer.json(), strict=True)
    one, two = answer.json()["scores"]
    assert one["target"] == "one"
    assert two == {"source": "zwei", "target": "two", "error": {"code": "failed", "message": "not finite"}}
