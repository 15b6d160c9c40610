"""Server-sent events: the best text so far, then the translation."""

import json
from typing import Any

from tandem.errors import TandemError
from tandem.serving.limits import Limits
from tandem.translation.messages import translation_object
from tests.serving.desk import ATTENDING, Desk, as_json, desk


def events(here: Desk, text: str) -> list[tuple[str, Any]]:
    with here.client() as client:
        answer = client.post("/v1/translate", json={"text": text, "stream": True})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    parts = [part.split("\n") for part in answer.text.split("\n\n")[:-1]]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


def test_steps_come_before_the_translation() -> None:
    here = desk()
    here.alone[ATTENDING].steps = ["one", "one", "one\ntwo"]
    found = events(here, "eins zwei")
    (expected,) = here.translator.translate(["eins zwei"])
    assert found == [
        ("step", {"text": "one"}),
        ("step", {"text": "one\ntwo"}),
        ("translation", as_json(translation_object("eins zwei", expected))),
    ]
    assert here.service.gate.texts == 0


def test_a_text_that_fails_ends_with_an_error() -> None:
    here = desk()
    here.alone[ATTENDING].faults = {"zwei": TandemError("no output")}
    (event,) = events(here, "zwei")
    assert event == ("error", {"source": "zwei", "error": {"code": "failed", "message": "no output"}})


def test_what_takes_too_long_ends_with_an_error() -> None:
    here = desk(Limits(seconds=0.1))
    here.alone[ATTENDING].steps = ["one"]
    here.alone[ATTENDING].holds = True
    step, error = events(here, "eins")
    assert step == ("step", {"text": "one"})
    assert (error[0], error[1]["error"]["code"]) == ("error", "too_slow")
    assert here.alone[ATTENDING].cancelled == 1
