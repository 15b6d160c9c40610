"""The server of a page's `tandem serve` and `tandem look` lines, and its `curl` lines, without a network."""

import json
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from starlette.testclient import TestClient
from typer.testing import CliRunner

from tandem.cli import app
from tandem.serving.server import Server


class Page:
    """The servers that a page starts, the last of which is asked."""

    def __init__(self, stack: ExitStack) -> None:
        """Keep the servers until the end of a stack."""
        self._stack = stack
        self._client: TestClient | None = None
        self.answer: Any = None
        """What the last `curl` line was answered, if it was JSON."""

    def serve(self, words: Sequence[str]) -> None:
        """Start a server, but for listening, at a port that is free."""
        apps: list[Any] = []
        port = words.index("--port") if "--port" in words else len(words)
        words = [*words[:port], *words[port + 2 :], "--port", "0"]
        with (
            patch.object(Server, "run", lambda server, _: apps.append(server.config.app)),
            patch("tandem.serving.workers.in_processes", return_value=None),
            _signals_kept(),
        ):
            result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0, f"{words}\n{result.output}\n{result.exception!r}"
        self._client = self._stack.enter_context(TestClient(apps[0]))

    def ask(self, line: str) -> None:
        """Ask as a `curl` line does. Raise AssertionError where the answer is an error."""
        words = iter(shlex.split(line)[1:])
        headers, data, url = {}, None, ""
        for word in words:
            match word:
                case "-H":
                    name, _, value = next(words).partition(": ")
                    headers[name] = value
                case "-d":
                    data = next(words).encode()
                case "-N":
                    pass
                case _:
                    url = word
        if data is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")  # as curl does
        path = url.removeprefix("http://localhost:8000")
        assert path.startswith("/"), line
        assert self._client is not None, line
        answer = self._client.request("GET" if data is None else "POST", path, headers=headers, content=data)
        assert answer.status_code == 200, f"{line}\n{answer.text}"
        self.answer = answer.json() if answer.headers["content-type"] == "application/json" else None

    def check(self, block: str) -> None:
        """Raise AssertionError unless a block of JSON below a `curl` line has the form of its answer."""
        if self.answer is not None:
            assert _form(json.loads(block)) == _form(self.answer), block
            self.answer = None


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _form(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_form(value[0])] if value and isinstance(value[0], dict) else list
    return str if isinstance(value, str) else object


@contextmanager
def _signals_kept() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)
