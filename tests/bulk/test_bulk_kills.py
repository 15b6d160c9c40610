"""Workers and the driver of a bulk job are killed, and it ends with the bytes of a job that nobody disturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tandem
from tandem.bulk import BulkRequest, run_bulk
from tandem.errors import OutputError, TandemError
from tandem.processes import Worker
from tests.support.runs import number_pairs

SOURCES = [source for source, _ in number_pairs(400, seed=8)]
SEARCH = {"batch_size": 2, "beam": 2}


@pytest.fixture
def request_(model: Path, tmp_path: Path) -> BulkRequest:
    source = tmp_path / "in"
    source.write_text("\n".join(SOURCES), encoding="utf-8", newline="\n")
    return BulkRequest([model], [str(source)], tmp_path / "out", search=SEARCH, shard_lines=16, workers=2)  # type: ignore[arg-type]


def expected(model: Path) -> str:
    return "".join(made.text + "\n" for made in tandem.load(model).translate(SOURCES, SEARCH))


def output(request_: BulkRequest) -> str:
    return (request_.output / "output" / "in").read_text(encoding="utf-8")


def events(request_: BulkRequest) -> list[dict[str, object]]:
    return [json.loads(line) for line in (request_.output / "log.jsonl").read_text(encoding="utf-8").splitlines()]


class Started:
    """The worker processes that were started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pids: list[int] = []
        real = Worker.__init__

        def init(worker: Worker, module: str, settings: bytes, *, threads: int = 1) -> None:
            real(worker, module, settings, threads=threads)
            self.pids.append(worker._process.pid)

        monkeypatch.setattr(Worker, "__init__", init)


def test_a_worker_that_is_killed_is_started_again(
    model: Path, request_: BulkRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = Started(monkeypatch)
    seen = 0

    def on_progress(task: str, done: int, total: int | None) -> None:
        nonlocal seen
        seen += task == "lines"
        if task == "lines" and seen in (2, 4):
            os.kill(started.pids[-1], signal.SIGKILL)

    run_bulk(request_, on_progress=on_progress)
    assert output(request_) == expected(model)
    deaths = [event for event in events(request_) if event["event"] == "worker lost"]
    assert [event["reason"] for event in deaths] == [f"exit code {-signal.SIGKILL}"] * len(deaths)
    assert len(started.pids) == 2 + len(deaths)
    shards = [event["number"] for event in events(request_) if event["event"] == "shard"]
    assert sorted(shards) == list(range(25))  # type: ignore[type-var]


def test_a_shard_whose_workers_always_die_is_an_error(request_: BulkRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TandemError, match=r"shard \d+ was tried 3 times, .* \(last reason: exit code 1\)"):
        run_bulk(request_)


def test_an_error_of_a_worker_is_raised_here(request_: BulkRequest) -> None:
    def spoil(task: str, done: int, total: int | None) -> None:
        if task == "lines" and done == 0:
            Path(request_.inputs[0]).write_text("eins\n" * 5000, encoding="utf-8", newline="\n")

    with pytest.raises(TandemError, match=r"in: was changed since the job began"):
        run_bulk(request_, on_progress=spoil)


def test_when_the_engine_is_closed_its_workers_end(request_: BulkRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch)

    def stop(task: str, done: int, total: int | None) -> None:
        if task == "lines" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_bulk(request_, on_progress=stop)
    assert len(started.pids) == 2
    for pid in started.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_driver_that_is_killed_leaves_no_worker_and_the_same_command_finishes_its_job(
    model: Path, request_: BulkRequest
) -> None:
    options = ["--batch-size", "2", "--beam", "2", "--shard-lines", "16", "--processes", "2"]
    places = ["--input", request_.inputs[0], "--output", str(request_.output)]
    command = [sys.executable, "-m", "tandem", "bulk", str(model), *places, *options]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for _ in range(2):
        driver = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        before = len(list((request_.output / "ledger").glob("*.json")))
        while len(list((request_.output / "ledger").glob("*.json"))) < before + 2 and driver.poll() is None:
            time.sleep(0.02)
        if not before:  # a second driver is kept away
            with pytest.raises(OutputError, match=r"another process works on this job"):
                run_bulk(request_)
        driver.kill()
        driver.wait()
    run_bulk(request_)
    assert output(request_) == expected(model)
    assert not list(request_.output.rglob("*.aside"))


class Enough(Exception):
    """The test has seen what it is about."""


def test_threads_are_shared_among_the_workers(request_: BulkRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.bulk.running.cores", lambda: 8)

    def init(worker: Worker, module: str, settings: bytes, *, threads: int = 1) -> None:
        assert threads == json.loads(settings)["threads"] == 4
        raise Enough

    monkeypatch.setattr(Worker, "__init__", init)
    with pytest.raises(Enough):
        run_bulk(request_)
