"""The page's files over HTTP, with answers that a test makes up in place of the server's."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import tandem.serving
from benchmarks.browser import running

Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = Callable[[str, Json, str | None], tuple[int, Json]]
"""Takes a path with its query, the body (empty for a GET) and the header Authorization; returns status and content."""

_FOLDER = Path(tandem.serving.__file__).parent / "page"
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def refusal(status: int, message: str) -> tuple[int, Json]:
    """Return what the server answers instead of a result."""
    return status, {"error": {"code": "refused", "message": message}}


@contextmanager
def page_server(answer: Answer) -> Iterator[str]:
    """Serve the page, and have requests for data answered; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/v1/"):
                self._answer({})
                return
            file = _FOLDER / ("index.html" if path == "/" else path.removeprefix("/page/"))
            content = file.read_bytes() if file.is_file() else b""
            self._send(200 if file.is_file() else 404, content, _TYPES.get(file.suffix, "text/plain"))

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, ask: Json) -> None:
            status, content = answer(self.path, ask, self.headers["Authorization"])
            self._send(status, json.dumps(content).encode(), "application/json")

        def _send(self, status: int, content: bytes, kind: str) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the page aborts what it needs no longer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    with running(Handler) as url:
        yield url
