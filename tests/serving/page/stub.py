"""A stand-in for the server: the page's files, and the answers of the toy."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.serving.page import toy
from tests.serving.page.page_server import page_server, refusal


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

    def answer(self, path: str, ask: dict[str, Any], authorization: str | None) -> tuple[int, dict[str, Any]]:
        """Return the status and the content of the answer."""
        self.asked.append((path, ask))
        time.sleep(self.delay)
        if self.token and path != "/v1/page" and authorization != f"Bearer {self.token}":
            return refusal(401, "A token is needed.")
        if path in self.refusals:
            return refusal(*self.refusals[path])
        if path not in ANSWERS:
            return refusal(404, "")
        return 200, ANSWERS[path](ask) | self.changes.get(path, {})


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
def stubbed() -> Iterator[Stub]:
    """Serve the page with the toy."""
    stub = Stub()
    with page_server(stub.answer) as stub.url:
        yield stub
