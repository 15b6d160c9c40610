"""The server as a process: it is told to load anew and to end while it works, and loses no request."""

import http.client
import json
import os
import re
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import IO

import pytest

import tandem
from tests.support.runs import number_pairs, saved, untrained
from tests.system.test_processes import started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks as POSIX has them")
TEXTS = [source for source, _ in number_pairs(20)]


class Clients:
    """Some clients, each of which asks again and again until it is refused."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self.answers: list[tuple[str, str]] = []
        self.statuses: Counter[int] = Counter()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        status = 200
        while status == 200:
            text = TEXTS[number % len(TEXTS)]
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                connection.request(
                    "POST", "/v1/translate", json.dumps({"text": text}), {"Content-Type": "application/json"}
                )
                answer = connection.getresponse()
                content = json.loads(answer.read())
            except ConnectionError:  # it was not let in
                return
            finally:
                connection.close()
            status = answer.status
            self.statuses[status] += 1
            if status == 200:
                self.answers.append((text, content["translations"][0]["text"]))
            number += 7

    def wait_for(self, answers: int) -> None:
        while len(self.answers) < answers and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.01)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def wait_until_serving(stderr: IO[bytes], processes: int) -> int:
    for _ in range(processes):
        line = stderr.readline().decode()
        found = re.fullmatch(r"tandem: serving mine at http://127\.0\.0\.1:(\d+); Ctrl-C ends\n", line)
        assert found, line + stderr.read().decode()
    return int(found[1])


@pytest.mark.parametrize("processes", [1, 2])
def test_what_was_let_in_is_answered(processes: int, tmp_path: Path) -> None:
    translator = untrained("lstm", "model.attention=luong")
    export = tandem.export(saved(translator, tmp_path / "model"), tmp_path / "export").directory
    with started("serve", f"mine={export}", "--port", 0, "--workers", processes) as process:
        assert process.stderr is not None
        clients = Clients(wait_until_serving(process.stderr, processes), 4)
        clients.wait_for(10)
        process.send_signal(signal.SIGHUP)
        clients.wait_for(40)
        process.send_signal(signal.SIGTERM)
        clients.join()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (0, "tandem: mine: loaded anew\n" * processes)
    assert set(clients.statuses) <= {200, 503}
    logged = Counter(json.loads(line)["status"] for line in out.splitlines())
    assert logged[200] == clients.statuses[200] >= 40
    expected = dict(zip(TEXTS, [one.text for one in tandem.load(export).translate(TEXTS)], strict=True))
    assert all(expected[text] == found for text, found in clients.answers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "tandem: nowhere: there is no such run or checkpoint\n"),
        (("nowhere", "--ensemble", "a=b"), "tandem: --ensemble a=b: name two models or more, such as both=one,two\n"),
    ],
)
def test_what_cannot_be_served_is_said(arguments: tuple[str, ...], message: str) -> None:
    with started("serve", *arguments) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.decode()) == (1, b"", message)


def test_a_worker_that_cannot_load_ends_all(tmp_path: Path) -> None:
    model = saved(untrained("gru"), tmp_path / "model")
    (model / "model.safetensors").write_bytes(b"")
    with started("serve", model, "--port", 0, "--workers", 2) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"model.safetensors" in err
    assert b"Traceback" not in err
