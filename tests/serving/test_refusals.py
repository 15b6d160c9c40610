"""Whatever is wrong with a request is a status and one sentence in the one form of errors."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tandem.serving.answers import ErrorAnswer
from tandem.serving.limits import Limits
from tandem.serving.refusals import CODES
from tests.serving.desk import desk

SMALL = Limits(characters=20, texts=3, body=250_000, beam=4)
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with desk(SMALL).client() as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "the body is not JSON (line 1, column 1): Expecting value"),
        (b'{"text": "a"', 400, "the body is not JSON (line 1, column 13): Expecting ',' delimiter"),
        (b'{"text": "\xff"}', 400, "the body is not UTF-8"),
        (b'{"text": NaN}', 400, "the body is not JSON: NaN is no number there"),
        (b'{"text": "a", "length_penalty": -Infinity}', 400, "the body is not JSON: -Infinity is no number there"),
        (b"[" * 100_000, 400, "the body is nested too deeply"),
        (b'{"text":' * 20_000, 400, "the body is nested too deeply"),
        (b"9" * 5_000, 400, "the body is not JSON: a number in it has too many digits"),
        (rb'{"text": "a\ud800"}', 400, "the body has half of a surrogate pair"),
        (rb'{"text": ["a", "\uDFFF"]}', 400, "the body has half of a surrogate pair"),
        (rb'{"text": "a", "\ud800": 1}', 400, "the body has half of a surrogate pair"),
        (b"[]", 422, "the body must be a JSON object"),
        (b"{}", 422, "text: is missing"),
        (b'{"text": 1}', 422, "text: must be a text or a list of texts"),
        (b'{"text": ["a", null]}', 422, "text: must be a text or a list of texts"),
        (b'{"text": "a", "beam": "3"}', 422, "beam: should be a valid integer"),
        (b'{"text": "a", "beam": true}', 422, "beam: should be a valid integer"),
        (b'{"text": "a", "beam": 0}', 422, "beam: should be greater than or equal to 1"),
        (b'{"text": "a", "beam": 5}', 422, "beam: is 5, and 4 is the most here"),
        (b'{"text": "a", "n_best": 5}', 422, "n_best: is 5, and 4 is the most here"),
        (b'{"text": "a", "n_best": 3, "beam": 2}', 422, "n_best is 3, more than the beam of 2"),
        (b'{"text": "a", "length_penalty": 1e999}', 422, "length_penalty: should be a finite number"),
        (b'{"text": "a", "bean": 3}', 422, "bean: there is no such field"),
        (b'{"text": "a", "model": "x"}', 422, "model: there is no model 'x'; the models are attending, plain"),
        (
            b'{"text": "a", "model": "plain", "alignment": true}',
            422,
            "alignment: needs a model with attention, and plain has none",
        ),
        (b'{"text": ["a"], "stream": true}', 422, "stream: needs one text, not a list"),
        (b'{"text": ["a", "a", "a", "a"]}', 422, "text: has 4 texts, and 3 are the most of a request here"),
        (b'{"text": ["a", "aaaaaaaaaaaaaaaaaaaaa"]}', 422, "text: text 1 (counted from 0) has 21 characters"),
        (b'{"text": "a", "prefix": "aaaaaaaaaaaaaaaaaaaaa"}', 422, "prefix: text 0 (counted from 0) has 21 characters"),
        (b'{"text": "' + b"a" * 250_000 + b'"}', 413, "the body has more than 250,000 bytes, the most here"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(body: bytes, status: int, message: str, client: TestClient) -> None:
    answer = client.post("/v1/translate", content=body, headers=JSON)
    assert answer.status_code == status
    error = ErrorAnswer.model_validate(answer.json()).error
    assert error.code == CODES[status]
    assert error.message.startswith(message)


def test_a_body_of_unknown_length_is_cut_off(client: TestClient) -> None:
    parts = (b" " * 100_000 for _ in range(4))
    assert client.post("/v1/translate", content=parts, headers=JSON).status_code == 413


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"source": ["a"], "target": []}, "target: has 0 texts, and there are 1 sources"),
        ({"source": "a", "target": "a" * 21}, "target: text 0 (counted from 0) has 21 characters"),
        ({"source": "a"}, "target: is missing"),
    ],
)
def test_scores_need_pairs(body: dict[str, Any], message: str, client: TestClient) -> None:
    answer = client.post("/v1/score", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/translate/", 404), ("GET", "/v1/translate", 405), ("PUT", "/health", 405)],
)
def test_what_is_not_there_is_said_in_the_same_form(method: str, path: str, status: int, client: TestClient) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    ErrorAnswer.model_validate(answer.json())


def test_another_type_of_body_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/translate", content=b'{"text": "a"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]["message"]


def test_a_fault_of_the_server_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    here = desk()
    monkeypatch.setattr(here.service.models, "find", lambda _: 1 / 0)
    with TestClient(here.app, raise_server_exceptions=False) as client:
        answer = client.post("/v1/translate", json={"text": "a"})
    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "code": "failed",
        "message": "the server failed at this request; its log says more",
    }


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = {
    "/v1/translate": ["text", "model", "beam", "n_best", "length_penalty", "alignment", "prefix", "stream"],
    "/v1/inside": ["text", "target", "model", "side", "layer", "what"],
    "/v1/neighbours": ["text", "count", "model"],
    "/v1/compare": ["models", "sources", "references", "beam"],
}
_WORDS = st.sampled_from(["attending", "plain", "encoder", "decoder", "hidden", "cell", ["attending", "plain"], ["a"]])


@pytest.mark.parametrize("path", _FIELDS)
def test_any_body_gets_a_documented_status(path: str, client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"][path]["post"]
    fields = st.dictionaries(st.sampled_from(_FIELDS[path]), _VALUES | _WORDS)

    @settings(max_examples=60)
    @given(st.binary() | fields.map(lambda value: json.dumps(value).encode()))
    def check(body: bytes) -> None:
        answer = client.post(path, content=body, headers=JSON)
        assert str(answer.status_code) in operation["responses"]
        if answer.status_code not in (200, 202):
            ErrorAnswer.model_validate(answer.json())

    check()
