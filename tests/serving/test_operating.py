"""What those who run the server see: figures, the log, the description, tokens, origins."""

import json
from pathlib import Path

import pytest

from tandem import TandemError
from tandem.serving.answers import ModelsAnswer
from tandem.serving.endpoints import ENDPOINTS
from tandem.serving.limits import Limits
from tandem.serving.requests import LibreRequest, ScoreRequest, TranslateRequest
from tandem.serving.tokens import Tokens
from tests.serving.desk import ATTENDING, desk, metric

TOKEN = "0123456789abcdef"


def test_the_description_is_of_what_there_is() -> None:
    here = desk()
    with here.client() as client:
        found = client.get("/openapi.json").json()
        for endpoint in ENDPOINTS:
            operation = found["paths"][endpoint.path][endpoint.method.lower()]
            answer = client.request(endpoint.method, endpoint.path)
            assert str(answer.status_code) in operation["responses"], endpoint.path
            assert ("requestBody" in operation) == (endpoint.body is not None)
    schemas = found["components"]["schemas"]
    for kind in (TranslateRequest, ScoreRequest, LibreRequest):
        assert set(schemas[kind.__name__]["properties"]) == set(kind.model_fields)
    text = json.dumps(found)
    assert {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]} <= schemas.keys()
    assert "securitySchemes" not in text


def test_models_are_listed() -> None:
    with desk().client() as client:
        answer = client.get("/v1/models").json()
    ModelsAnswer.model_validate(answer)
    assert answer["models"][0] == {
        "name": ATTENDING,
        "members": 1,
        "source": "de",
        "target": "en",
        "beam": 2,
        "alignment": True,
    }


def test_figures_count_what_was_asked() -> None:
    here = desk(Limits(texts=2))
    with here.client() as client:
        for texts in (["eins"], ["eins", "zwei"], ["eins", "zwei", "drei"]):
            client.post("/v1/translate", json={"text": texts})
        client.get("/any/thing")
        assert metric(client, 'tandem_requests_total{path="/v1/translate",status="200"}') == 2
        assert metric(client, 'tandem_requests_total{path="other",status="404"}') == 1
        assert metric(client, 'tandem_refused_total{reason="invalid"}') == 1
        assert metric(client, f'tandem_texts_total{{model="{ATTENDING}"}}') == 3
        assert metric(client, 'tandem_stage_seconds_count{stage="read"}') == 3
        here.alone[ATTENDING].waiting = 7
        assert metric(client, f'tandem_texts_waiting{{model="{ATTENDING}"}}') == 7


@pytest.mark.parametrize("log_texts", [False, True])
def test_the_log_has_texts_only_where_that_was_asked_for(log_texts: bool) -> None:
    here = desk(log_texts=log_texts)
    with here.client() as client:
        client.post("/v1/translate", json={"text": ["eins \x1b[31m", "zwölf"]})
        client.get("/a%1b%c2%9b")
    first, second = map(json.loads, here.log)
    assert (first["status"], first["model"], first["texts"], first["characters"]) == (200, ATTENDING, 2, 15)
    assert first.get("content") == (["eins \x1b[31m", "zwölf"] if log_texts else None)
    assert (second["method"], second["status"]) == ("GET", 404)
    assert all(line.isascii() and line[:-1].isprintable() for line in here.log)


def test_only_those_with_a_token_are_answered(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"# mine\n\n{TOKEN}\n{TOKEN[::-1]}\n", encoding="utf-8")
    here = desk(tokens=Tokens.read(tmp_path / "tokens"))
    libre = {"q": "eins", "source": "de", "target": "en"}
    with here.client() as client:
        for path in ("/v1/models", "/metrics", "/openapi.json"):
            assert client.get(path).status_code == 401
        for header in ("", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer", "Bearer \xe4"):
            headers = {b"Authorization": header.encode("latin-1")}
            refused = client.post("/v1/translate", json={"text": "eins"}, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        for token in (TOKEN, TOKEN[::-1]):
            allowed = {"Authorization": f"bearer {token}"}
            assert client.post("/v1/translate", json={"text": "eins"}, headers=allowed).status_code == 200
        assert client.post("/translate", json={**libre, "api_key": TOKEN}).status_code == 200
        assert client.post("/translate", data={**libre, "api_key": TOKEN}).status_code == 200
        assert client.post("/translate", data={**libre, "api_key": "x"}).status_code == 401
        assert client.post("/translate", data=libre).status_code == 401
        for path in ("/health", "/ready", "/languages"):
            assert client.get(path).status_code == 200
        described = client.get("/openapi.json", headers=allowed).json()
    assert described["paths"]["/v1/score"]["post"]["security"] == [{"token": []}]
    assert "security" not in described["paths"]["/health"]["get"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# nothing\n", "the file has no token: write one a line, or leave out --tokens"),
        ("0123456789abcdef\nshort\n", "token 2 must have 16 characters or more"),
        ("0123456789 abcdef\n", "token 1 must have 16 characters or more, all of them ASCII without spaces"),
    ],
)
def test_tokens_that_protect_nothing_are_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(content, encoding="utf-8")
    with pytest.raises(TandemError, match=message):
        Tokens.read(tmp_path / "tokens")


def test_pages_of_other_origins_are_let_in_only_where_they_are_named() -> None:
    for origins, expected in (((), None), (("https://a.example",), "https://a.example")):
        with desk(origins=origins).client() as client:
            answer = client.get("/health", headers={"Origin": "https://a.example"})
        assert answer.headers.get("access-control-allow-origin") == expected
