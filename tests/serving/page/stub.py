"""A stand-in for the server: the page's files, and the answers of the toy."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import tandem.serving
from tests.serving.page import toy

FOLDER = Path(tandem.serving.__file__).parent / "page"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass
class Stub:
    """A server that runs, and how it is to behave."""

    url: str = ""
    token: str | None = None
    """What it asks for."""
    delay: float = 0.0
    """Seconds before an answer."""
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and message for paths that are refused."""
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What stands in the answers of paths instead."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The paths and the bodies of all requests for data."""


def translate(ask: dict[str, Any]) -> dict[str, Any]:
    """Answer as /v1/translate does."""
    texts = [ask["text"]] if isinstance(ask["text"], str) else ask["text"]
    return {"model": "demo", "translations": [_translation(text, ask) for text in texts]}


def _translation(text: str, ask: dict[str, Any]) -> dict[str, Any]:
    count, penalty = ask.get("n_best", 1), ask.get("length_penalty", 1.0)
    trace = toy.search(text, max(ask.get("beam", 5), count), count, penalty, ask.get("prefix", ""))
    best = [_hypothesis(trace, row) for row in trace.results]
    unknown = [token for token in toy.tokens_of(text) if token not in toy.WORDS]
    several = {"alternatives": best} if count > 1 else {}
    return {"source": text, **best[0], "confidence": 0.83, "unknown": unknown, **several}


def _hypothesis(trace: toy.Trace, row: int) -> dict[str, Any]:
    tokens = trace.tokens(row)
    return {
        "text": toy.text_of(tokens),
        "score": trace.nodes[row]["score"],
        "log_probability": trace.nodes[row]["log_probability"],
        "tokens": tokens,
        "token_scores": trace.scores(row),
        "stopped": "eos",
    }


def trace(ask: dict[str, Any]) -> dict[str, Any]:
    """Answer as /v1/trace does."""
    beam, count, penalty = ask.get("beam", 5), ask.get("n_best", 1), ask.get("length_penalty", 1.0)
    found = toy.search(ask["text"], beam, count, penalty, ask.get("prefix", ""))
    texts = [toy.text_of(found.tokens(row)) for row in found.results]
    return {
        "source": ask["text"],
        "source_tokens": toy.tokens_of(ask["text"]),
        "beam": beam,
        "n_best": count,
        "length_penalty": penalty,
        "coverage": 0.0,
        "nodes": found.nodes,
        "steps": found.steps,
        "results": found.results,
        "text": texts[0],
        "texts": texts,
    }


def alternatives(ask: dict[str, Any]) -> dict[str, Any]:
    """Answer as /v1/alternatives does."""
    before = ask["tokens"][: ask["place"]]
    following = toy.next_tokens(toy.tokens_of(ask["text"]), before)[: ask.get("count", 10)]
    rows = [
        {"token": token, "log_probability": score, "prefix": "" if token == toy.EOS else toy.text_of([*before, token])}
        for token, score in following
    ]
    return {"place": ask["place"], "token": [*ask["tokens"], toy.EOS][ask["place"]], "alternatives": rows}


MODELS = {
    "models": [
        {"name": name, "members": 1, "source": "de", "target": "en", "beam": 5, "alignment": True}
        for name in ("demo", "attention")
    ]
}
ANSWERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/v1/page": lambda _: {"runs": False, "models": True, "version": "0.9", "needs_token": False},
    "/v1/models": lambda _: MODELS,
    "/v1/translate": translate,
    "/v1/trace": trace,
    "/v1/alternatives": alternatives,
    "/v1/saliency": lambda ask: toy.saliency(ask["text"], ask.get("target")),
}


@contextmanager
def stubbed(port: int = 0) -> Iterator[Stub]:
    """Serve the page with the toy."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/v1/"):
                self._answer(path, {})
                return
            file = FOLDER / ("index.html" if path == "/" else path.removeprefix("/page/"))
            if file.is_file():
                self._send(200, file.read_bytes(), TYPES[file.suffix])
            else:
                self._send(404, b"", "text/plain")

        def do_POST(self) -> None:
            self._answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, path: str, ask: dict[str, Any]) -> None:
            stub.asked.append((path, ask))
            time.sleep(stub.delay)
            is_public = path == "/v1/page"
            if stub.token and not is_public and self.headers["Authorization"] != f"Bearer {stub.token}":
                self._refuse(401, "A token is needed.")
            elif path in stub.refusals:
                self._refuse(*stub.refusals[path])
            elif path not in ANSWERS:
                self._refuse(404, "")
            else:
                answer = ANSWERS[path](ask) | stub.changes.get(path, {})
                self._send(200, json.dumps(answer).encode(), "application/json")

        def _refuse(self, status: int, message: str) -> None:
            content = {"error": {"code": "refused", "message": message}}
            self._send(status, json.dumps(content).encode(), "application/json")

        def _send(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the page aborts what it needs no longer
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
