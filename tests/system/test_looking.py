"""`tandem look` beside a training that is real: watched from before its first validation on, stopped, resumed."""

import http.client
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tandem.recording import read_metrics
from tandem.runs.watched_run import RESUME_LOG
from tests.support.runs import number_pairs
from tests.system.test_processes import started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
TOKEN = "0123456789abcdef"
SMALL = ("model.hidden=8", "model.embedding=6", "training.patience=1000", "training.epochs=100000")


class Looked:
    """The page's server, as a page asks it."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, content
        return content

    def run(self) -> Any:
        return self.ask("GET", "/v1/runs")["runs"][0]


def until(found: Callable[[], object]) -> None:
    end = time.monotonic() + 600
    while not found():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_training_is_watched_stopped_and_resumed(tmp_path: Path) -> None:
    for side, name in enumerate(("a.de", "a.en")):
        text = "".join(pair[side] + "\n" for pair in number_pairs(60))
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
    (tmp_path / "tokens").write_text(TOKEN, encoding="utf-8", newline="\n")
    settings = [word for setting in SMALL for word in ("--set", setting)]
    run = tmp_path / "run"
    sides = ("--source", "a.de", "--target", "a.en")
    with started("train", *sides, "--out", "run", "-q", *settings, cwd=tmp_path) as train:
        until((run / "run.lock").exists)
        with started("look", "run", "--tokens", "tokens", "--no-open", cwd=tmp_path) as look:
            assert look.stderr is not None
            said = look.stderr.readline().decode()
            port = re.fullmatch(r"tandem: run: http://127\.0\.0\.1:(\d+)/#training \(Ctrl-C ends\)\n", said)
            assert port, said + look.stderr.read().decode()
            looked = Looked(int(port[1]))
            assert looked.run()["state"] == "training"
            until(lambda: looked.ask("GET", "/v1/models")["models"])
            assert looked.ask("POST", "/v1/translate", {"text": "eins"})["model"] == "run"
            looked.ask("POST", "/v1/runs/run/stop")
            assert train.wait(timeout=600) == 128 + signal.SIGTERM
            assert looked.run()["state"] == "stopped"
            place = looked.ask("GET", "/v1/runs/run/metrics")["next"]
            looked.ask("POST", "/v1/runs/run/resume")
            until(lambda: looked.ask("GET", f"/v1/runs/run/metrics?after={place}")["restarted"])
            assert looked.run()["state"] == "training"
            look.send_signal(signal.SIGINT)
            out, err = look.communicate(timeout=600)
    assert (look.returncode, out) == (130, b"")
    assert all(re.fullmatch(r"tandem: run: loaded( anew)?", line) for line in err.decode().splitlines())
    end_training(run)
    rows = read_metrics(run / "metrics.jsonl")
    assert rows[-1]["reason"] == "interrupted"
    assert "going on after step" in (run / RESUME_LOG).read_text(encoding="utf-8")


def end_training(run: Path) -> None:
    """End the training that goes on though nobody looks any more, and see that it did."""
    holder = json.loads((run / "run.lock.json").read_text(encoding="utf-8"))
    os.kill(holder["pid"], signal.SIGTERM)
    until(lambda: not (run / "run.lock.json").exists())
