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
from tests.support.runs import copied, number_pairs, saved, untrained
from tests.system.test_processes import started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks as POSIX has them")
JSON = {"Content-Type": "application/json"}
TEXTS = [source for source, _ in number_pairs(20)]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    translator = untrained("lstm", "model.attention=luong")
    return tandem.export(saved(translator, tmp_path_factory.mktemp("model") / "mine")).directory


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
    port = 0
    for _ in range(processes):
        line = stderr.readline().decode()
        found = re.fullmatch(r"tandem: serving mine at http://127\.0\.0\.1:(\d+); Ctrl-C ends\n", line)
        assert found, line + stderr.read().decode()
        port = int(found[1])
    return port


@pytest.mark.parametrize("processes", [1, 2])
def test_what_was_let_in_is_answered(processes: int, export: Path) -> None:
    with started("serve", f"mine={export}", "--port", 0, "--workers", processes) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        log: list[bytes] = []
        reader = threading.Thread(target=log.extend, args=(process.stdout,))  # a full pipe would hold the server
        reader.start()
        clients = Clients(wait_until_serving(process.stderr, processes), 4)
        clients.wait_for(10)
        process.send_signal(signal.SIGHUP)
        for _ in range(processes):
            assert process.stderr.readline() == b"tandem: mine: reloaded\n"
        clients.wait_for(len(clients.answers) + 10)
        process.send_signal(signal.SIGTERM)
        clients.join()
        reader.join()
        assert (process.wait(timeout=60), process.stderr.read()) == (0, b"")
    assert set(clients.statuses) <= {200, 503}
    logged = Counter(json.loads(line)["status"] for line in log)
    assert logged[200] == clients.statuses[200] >= 20
    expected = dict(zip(TEXTS, [one.text for one in tandem.load(export).translate(TEXTS)], strict=True))
    assert all(expected[text] == found for text, found in clients.answers)


def test_a_worker_that_cannot_load_ends_all(export: Path, tmp_path: Path) -> None:
    damaged = copied(export, tmp_path / "damaged")
    (damaged / "step.onnx").write_bytes(b"")
    with started("serve", damaged, "--port", 0, "--workers", 2) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"step.onnx" in err
    assert b"Traceback" not in err


def test_workers_end_with_the_process_that_watches_them(export: Path) -> None:
    with started("serve", f"mine={export}", "--port", 0, "--workers", 2) as process:
        assert process.stderr is not None
        wait_until_serving(process.stderr, 2)
        process.kill()
        assert process.stderr.read() == b""  # which ends once all have ended
