"""`POST /v1/compare`: what both models make of each line, and whether they differ by more than chance."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tandem.analysis.lines import compare_lines
from tandem.serving import comparing
from tandem.serving.answers import CompareAnswer, ErrorAnswer
from tandem.serving.limits import Limits
from tests.serving.desk import ATTENDING, PLAIN, as_export, desk
from tests.support.runs import number_pairs

PAIRS = number_pairs(14)
SOURCES = [source for source, _ in PAIRS]
REFERENCES = [target for _, target in PAIRS]
BODY = {"models": [ATTENDING, PLAIN], "sources": SOURCES}


def test_each_line_has_both_translations() -> None:
    here = desk()
    with here.client() as client:
        answer = client.post("/v1/compare", json={**BODY, "beam": 3})
    assert answer.status_code == 200
    content = answer.json()
    CompareAnswer.model_validate(content, strict=True)
    made = [[one.text for one in here.alone[name].translator.translate(SOURCES, beam=3)] for name in (ATTENDING, PLAIN)]
    assert [row["source"] for row in content["rows"]] == SOURCES
    assert [[row["first"] for row in content["rows"]], [row["second"] for row in content["rows"]]] == made
    assert [content[key] for key in ("scores", "significance", "signatures", "count")] == [None, None, {}, len(SOURCES)]
    assert {row["first_score"] for row in content["rows"]} == {None}


@pytest.mark.parametrize("order", [[ATTENDING, PLAIN], [PLAIN, ATTENDING]])
def test_references_give_scores(order: list[str]) -> None:
    here = desk()
    with here.client() as client:
        content = client.post("/v1/compare", json={**BODY, "models": order, "references": REFERENCES}).json()
    CompareAnswer.model_validate(content, strict=True)
    made = [[one.text for one in here.alone[name].translator.translate(SOURCES)] for name in order]
    found = compare_lines(SOURCES, REFERENCES, (made[0], made[1]))
    for name, one in zip(order, (found.first, found.second), strict=True):
        assert content["scores"][name] == pytest.approx({key: score.value for key, score in one.scores.items()})
    assert content["signatures"]["bleu"] == found.first.scores["bleu"].signature
    assert content["signatures"]["significance"] == "bs:1000|seed:0|ci:95"
    assert found.difference is not None
    assert content["significance"] == {
        "metric": "bleu",
        "difference": pytest.approx(found.difference.interval.value),
        "p": pytest.approx(found.difference.p_value),
        "samples": 1000,
    }
    assert [row["second_score"] for row in content["rows"]] == pytest.approx(list(found.second.sentences))
    assert [row["reference"] for row in content["rows"]] == REFERENCES


def test_exports_are_compared_too() -> None:
    with desk(make=as_export).client() as client:
        answer = client.post("/v1/compare", json={**BODY, "references": REFERENCES})
    assert answer.status_code == 200
    assert len(answer.json()["rows"]) == len(SOURCES)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"models": [ATTENDING]}, "models: list should have at least 2 items"),
        ({"models": [ATTENDING, ATTENDING]}, "models: both are attending: name two different models"),
        ({"models": [ATTENDING, "x"]}, "model: there is no model 'x'"),
        ({"sources": []}, "sources: list should have at least 1 item"),
        ({"sources": ["a"] * 16}, "sources: has 16 texts, and 15 are the most of a request here"),
        ({"sources": ["a" * 41]}, "sources: text 0 (counted from 0) has 41 characters"),
        ({"references": ["a"]}, "references: has 1 texts, and there are 14 sources"),
        ({"beam": 5}, "beam: is 5, and 4 is the most here"),
    ],
)
def test_what_does_not_fit_is_said(body: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MOST_LINES", 15)
    with desk(Limits(characters=40, texts=3, beam=4)).client() as client:
        answer = client.post("/v1/compare", json={**BODY, **body})
    assert answer.status_code == 422
    assert ErrorAnswer.model_validate(answer.json()).error.message.startswith(message)


def test_one_comparison_at_a_time_and_others_are_translated_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    own = comparing._translated

    def held(*arguments: Any) -> list[str]:
        begun.set()
        assert goes_on.wait(60)
        return own(*arguments)

    monkeypatch.setattr(comparing, "_translated", held)

    with desk().client() as client, ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/v1/compare", json=BODY)
        assert begun.wait(60)
        second = client.post("/v1/compare", json=BODY)
        assert (second.status_code, second.headers["Retry-After"]) == (429, "5")
        assert ErrorAnswer.model_validate(second.json()).error.message.startswith("another comparison is running")
        assert client.post("/v1/translate", json={"text": "eins"}).status_code == 200
        goes_on.set()
        assert first.result().status_code == 200
        assert client.post("/v1/compare", json=BODY).status_code == 200


def test_what_takes_too_long_is_refused_and_abandoned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(comparing, "_TOGETHER", 1)
    ended: list[str] = []
    own = comparing._translated
    late = threading.Event()

    def slow(*arguments: Any) -> list[str]:
        stop = arguments[-1]
        assert stop.wait(60)
        try:
            return own(*arguments)
        except comparing._Abandoned:
            ended.append("abandoned")
            raise
        finally:
            late.set()

    monkeypatch.setattr(comparing, "_translated", slow)
    with desk(Limits(seconds=0.1)).client() as client:
        answer = client.post("/v1/compare", json=BODY)
        assert answer.status_code == 504
        assert late.wait(60)
    assert ended == ["abandoned"]
    gc.collect()  # an error that nobody took is logged then
    assert not caplog.records
