"""`POST /v1/trace` and `POST /v1/alternatives`: what the library says of the text, while others are answered."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tandem.errors import TandemError
from tandem.serving.answers import AlternativesAnswer, ErrorAnswer, TraceAnswer
from tandem.serving.limits import Limits
from tandem.translation.traces import trace_object
from tests.serving.desk import ATTENDING, PLAIN, as_json, desk, metric
from tests.serving.test_limits import Asked

TEXTS = ["eins zwei", "", "drei \u2028 vier", "unbekannt 😀"]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with desk(Limits(characters=30, beam=4)).client() as client:
        yield client


@pytest.mark.parametrize("options", [{}, {"beam": 1}, {"beam": 3, "n_best": 2, "length_penalty": 0}])
def test_a_trace_is_that_of_the_library_and_its_texts_those_of_a_translation(options: dict[str, Any]) -> None:
    here = desk()
    with here.client() as client:
        for text in TEXTS:
            answer = client.post("/v1/trace", json={"text": text, **options})
            assert answer.status_code == 200
            TraceAnswer.model_validate(answer.json(), strict=True)
            assert answer.json() == as_json(trace_object(here.translator.trace([text], **options)[0]))
            (translated,) = client.post("/v1/translate", json={"text": text, **options}).json()["translations"]
            assert answer.json()["text"] == translated["text"]
        assert metric(client, f'tandem_texts_total{{model="{ATTENDING}"}}') == 2 * len(TEXTS)


def test_a_trace_begins_with_its_prefix(client: TestClient) -> None:
    found = client.post("/v1/trace", json={"text": "eins", "model": PLAIN, "prefix": "two three"}).json()
    assert found["text"].startswith("two three")
    assert [node["token"] for node in found["nodes"][:3]] == ["<sos>", "▁two", "▁three"]


@pytest.mark.parametrize("model", [ATTENDING, PLAIN])
def test_with_the_prefix_of_an_alternative_a_translation_begins_so(model: str) -> None:
    with desk().client() as client:
        assert_begins_so(client, model)


def assert_begins_so(client: TestClient, model: str) -> None:
    ask = {"text": "eins zwei drei", "model": model}
    tokens = client.post("/v1/translate", json=ask).json()["translations"][0]["tokens"]
    for place in range(len(tokens) + 1):
        answer = client.post("/v1/alternatives", json={**ask, "tokens": tokens, "place": place, "count": 4})
        assert answer.status_code == 200
        AlternativesAnswer.model_validate(answer.json(), strict=True)
        assert answer.json()["token"] == [*tokens, "<eos>"][place]
        alternatives = answer.json()["alternatives"]
        assert len(alternatives) == 4
        for one in alternatives:
            if one["token"] == "<eos>":
                assert one["prefix"] == ""
                continue
            found = client.post("/v1/translate", json={**ask, "prefix": one["prefix"]}).json()["translations"][0]
            assert found["tokens"][: place + 1] == [*tokens[:place], one["token"]]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("trace", {"text": ["eins"]}, "text: should be a valid string"),
        ("trace", {"text": "a" * 31}, "text: text 0 (counted from 0) has 31 characters, and 30 are the most here"),
        ("trace", {"text": "eins", "prefix": "a" * 31}, "prefix: text 0 (counted from 0) has 31 characters"),
        ("trace", {"text": "eins", "beam": 5}, "beam: is 5, and 4 is the most here"),
        ("trace", {"text": "eins", "beam": 1, "n_best": 2}, "n_best is 2, more than the beam of 1"),
        (
            "trace",
            {"text": "eins", "prefix": "seven"},
            "the prefix 'seven' contains 'seven', which is not in the model's",
        ),
        ("trace", {"text": "eins", "sample": 2}, "sample: there is no such field"),
        ("trace", {"text": "eins", "model": "x"}, "model: there is no model 'x'"),
        ("alternatives", {"text": "eins", "tokens": []}, "place: is missing"),
        ("alternatives", {"text": "eins", "tokens": [], "place": -1}, "place: should be greater than or equal to 0"),
        (
            "alternatives",
            {"text": "eins", "tokens": ["▁one"], "place": 2},
            "place is 2, but a translation of 1 tokens",
        ),
        ("alternatives", {"text": "eins", "tokens": ["one"], "place": 1}, "tokens: token 0 (counted from 0) is 'one'"),
        (
            "alternatives",
            {"text": "eins", "tokens": ["▁one"] * 8, "place": 1},
            "tokens: text 0 (counted from 0) has 32",
        ),
        (
            "alternatives",
            {"text": "eins", "tokens": [], "place": 0, "count": 101},
            "count: should be less than or equal",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(path: str, body: dict[str, Any], message: str, client: TestClient) -> None:
    answer = client.post(f"/v1/{path}", json=body)
    assert answer.status_code == 422
    assert ErrorAnswer.model_validate(answer.json()).error.message.startswith(message)


def test_others_are_answered_while_a_text_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    here = desk(Limits(waiting=2, texts=2))
    done = threading.Event()

    def trace(*_: object, **__: object) -> list[Any]:
        done.wait(60)
        raise TandemError("too late")

    monkeypatch.setattr(here.translator, "trace", trace)

    async def ask() -> None:
        traced, left = (Asked(here.app, {"text": "eins"}, "/v1/trace") for _ in range(2))
        while here.service.gate.texts < 2:
            await asyncio.sleep(0)
        refused = Asked(here.app, {"text": "eins"}, "/v1/trace")
        await refused.task
        assert refused.status == 429
        await left.leave()
        assert here.service.gate.texts == 2  # its thread still works
        done.set()
        await traced.task
        assert traced.status == 422
        while here.service.gate.texts:
            await asyncio.sleep(0.001)

    asyncio.run(ask())
