"""Trainings over HTTP: what they do, their rows and samples, and who may stop and resume them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tandem.recording import read_metrics
from tandem.runs.watched_run import WatchedRun
from tandem.serving.answers import ErrorAnswer
from tandem.serving.run_answers import MetricsAnswer, PageAnswer, RunsAnswer, SamplesAnswer, StateAnswer
from tandem.serving.tokens import Tokens
from tandem.version import __version__
from tests.serving.desk import Desk, desk, metric
from tests.support.runs import copied, shared_run

TOKEN = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two epochs; not to be changed."""
    return shared_run(tmp_path_factory.getbasetemp())


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    (tmp_path / "tokens").write_text(f"{TOKEN}\n", encoding="utf-8", newline="\n")
    return Tokens.read(tmp_path / "tokens")


class Scripted(WatchedRun):
    """A run that is stopped and resumed without a process."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked: list[str] = []

    def stop(self, seconds: float) -> None:
        self.asked.append("stop")

    def resume(self, seconds: float) -> None:
        self.asked.append("resume")


def served(run: Path, tokens: Tokens | None = None) -> tuple[Desk, Scripted]:
    watched = Scripted(run)
    return desk(tokens=tokens, runs={"mine": watched}), watched


def test_a_run_is_told_with_its_rows_and_samples(run: Path) -> None:
    here, _ = served(run)
    with here.client() as client:
        (answer,) = RunsAnswer.model_validate(client.get("/v1/runs").json()).runs
        first = MetricsAnswer.model_validate(client.get("/v1/runs/mine/metrics").json())
        again = client.get("/v1/runs/mine/metrics", params={"after": first.next}).json()
        found = SamplesAnswer.model_validate(client.get("/v1/runs/mine/samples").json())
        assert metric(client, 'tandem_requests_total{path="/v1/runs/{name}/metrics",status="200"}') == 2
    rows = read_metrics(run / "metrics.jsonl")
    assert (answer.name, answer.state, answer.epoch, answer.can_control) == ("mine", "finished", 2, False)
    assert answer.step == answer.steps == rows[-1]["step"]
    assert (first.rows, first.restarted) == (rows, False)
    assert again == {"rows": [], "next": first.next, "restarted": False}
    assert found.epochs == [1, 2]
    validated = [row["samples"] for row in rows if row["event"] == "validated"]
    for place, sample in enumerate(found.samples):
        assert sample.outputs == [samples[place]["translation"] for samples in validated]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/runs/other/metrics", 404, "there is no run 'other'; the runs are mine"),
        ("/v1/runs/%2e%2e/samples", 404, "there is no run '..'; the runs are mine"),
        ("/v1/runs/mine/metrics?after=-1", 422, "after: should be greater than or equal to 0"),
        ("/v1/runs/mine/metrics?after=x", 422, "after: should be a valid integer"),
        (f"/v1/runs/mine/metrics?after={2**60}", 422, "after: should be less than"),
        ("/v1/runs/mine/metrics?before=1", 422, "before: there is no such field"),
    ],
)
def test_what_is_wrong_is_said(path: str, status: int, message: str, run: Path) -> None:
    here, _ = served(run)
    with here.client() as client:
        answer = client.get(path)
    assert answer.status_code == status
    assert ErrorAnswer.model_validate(answer.json()).error.message.startswith(message)


def test_a_damaged_run_is_told(run: Path, tmp_path: Path) -> None:
    damaged = copied(run, tmp_path / "damaged")
    (damaged / "metrics.jsonl").write_text("{\n", encoding="utf-8", newline="\n")
    here, _ = served(damaged)
    with here.client() as client:
        for path in ("/v1/runs/mine/metrics", "/v1/runs/mine/samples"):
            answer = client.get(path)
            assert answer.status_code == 500
            assert "metrics.jsonl, line 1: must be a JSON object" in answer.json()["error"]["message"]


def test_a_damaged_run_leaves_the_others(run: Path, tmp_path: Path) -> None:
    damaged = copied(run, tmp_path / "damaged")
    (damaged / "metrics.jsonl").write_text("{\n", encoding="utf-8", newline="\n")
    here = desk(runs={"damaged": WatchedRun(damaged), "whole": WatchedRun(run)})
    with here.client() as client:
        runs = RunsAnswer.model_validate(client.get("/v1/runs").json()).runs
    assert [(each.name, each.state) for each in runs] == [("damaged", "damaged"), ("whole", "finished")]
    assert runs[0].error is not None
    assert "metrics.jsonl, line 1: must be a JSON object" in runs[0].error
    assert (runs[0].can_control, runs[1].error) == (False, None)


def test_without_a_file_of_tokens_nobody_controls(run: Path) -> None:
    here, watched = served(run)
    with here.client() as client:
        for verb in ("stop", "resume"):
            answer = client.post(f"/v1/runs/mine/{verb}", headers=BEARER)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert watched.asked == []


def test_those_with_a_token_control(run: Path, tokens: Tokens) -> None:
    here, watched = served(run, tokens)
    with here.client() as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert client.post("/v1/runs/mine/stop", headers=headers).status_code == 401
            assert client.get("/v1/runs", headers=headers).status_code == 401
        assert watched.asked == []
        for verb in ("stop", "resume"):
            StateAnswer.model_validate(client.post(f"/v1/runs/mine/{verb}", headers=BEARER).json())
            assert client.get(f"/v1/runs/mine/{verb}", headers=BEARER).status_code == 405
    assert watched.asked == ["stop", "resume"]


def test_what_cannot_be_done_is_a_conflict(run: Path, tokens: Tokens) -> None:
    here = desk(tokens=tokens, runs={"mine": WatchedRun(run)})
    with here.client() as client:
        for verb, message in (("stop", "no training is running there"), ("resume", "this run is finished")):
            answer = client.post(f"/v1/runs/mine/{verb}", headers=BEARER)
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
            assert message in answer.json()["error"]["message"]


def test_what_the_page_shows_is_public(run: Path, tokens: Tokens) -> None:
    for here, runs, asks in ((desk(), False, False), (served(run, tokens)[0], True, True)):
        with here.client() as client:
            answer = PageAnswer.model_validate(client.get("/v1/page").json())
            assert client.get("/").status_code == 200
        assert answer == PageAnswer(runs=runs, models=True, version=__version__, needs_token=asks)


@pytest.mark.parametrize("path", ["/v1/runs/{name}/metrics", "/v1/runs/{name}/samples"])
def test_any_parameters_get_a_documented_status(path: str, run: Path) -> None:
    here, _ = served(run)
    with here.client() as client:
        check_statuses(client, path)


def check_statuses(client: TestClient, path: str) -> None:
    operation = client.get("/openapi.json").json()["paths"][path]["get"]
    required = {each["name"]: each["required"] for each in operation["parameters"]}
    assert required == {"name": True} | ({"after": False} if path.endswith("metrics") else {})

    @given(st.sampled_from(["mine", "x"]), st.dictionaries(st.sampled_from(["after", "name", "x"]), st.text()))
    def check(name: str, query: dict[str, Any]) -> None:
        answer = client.get(path.format(name=name), params=query)
        assert str(answer.status_code) in operation["responses"]

    check()
