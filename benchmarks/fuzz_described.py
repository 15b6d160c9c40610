"""Requests that schemathesis makes of a server's description, and answers held to that description.

schemathesis is no requirement of Tandem's: install it (`pip install schemathesis`), or put it in a folder of its own
(`pip install --target FOLDER schemathesis`, and that folder in PYTHONPATH).
"""

import copy
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from benchmarks.fuzz_bytes import Ask, Operation
from tandem.serving.protocol import NOT_HTTP

_ROUND = 50
"""Requests of an operation and a mode that are made at a time."""


def required(name: str) -> Any:
    """Import a library that is there for this alone. Raise SystemExit with the remedy where it is missing."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SystemExit(f"{name} is missing, by which requests are made: pip install schemathesis") from error


def described_asks(description: dict[str, Any], names: Sequence[str], token: str, seed: int) -> Iterator[Ask]:
    """Yield requests without end: of each operation those that fit its description, and those that do not."""
    schemathesis, hypothesis, requests = map(required, ("schemathesis", "hypothesis", "requests"))
    operations = [
        found.ok() for found in schemathesis.openapi.from_dict(_narrowed(description, names)).get_all_operations()
    ]
    settings = hypothesis.settings(
        max_examples=_ROUND,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    def drawn(strategy: Any, seed: int) -> list[Any]:
        cases: list[Any] = []
        hypothesis.seed(seed)(settings(hypothesis.given(strategy)(lambda case: cases.append(case))))()
        return cases

    number = 0
    while True:
        seed += 1
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                try:
                    cases = drawn(operation.as_strategy(generation_mode=mode), seed)
                except hypothesis.errors.Unsatisfiable:  # nothing can be wrong about it
                    continue
                known = operation.method.upper(), operation.path
                for case in cases:
                    number += 1
                    # One in ten has no token, where one is asked for.
                    content = _as_bytes(requests, case, token if number % 10 else "")
                    if content is not None:
                        yield Ask(f"described, {mode.value}", (content,), known, 1)


def _narrowed(description: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return a description of fewer requests, whose names and small numbers are mostly such as are taken."""
    narrow = copy.deepcopy(description)
    known = [*names, "nobody"]
    schemas = narrow["components"]["schemas"]
    for kind, schema in schemas.items():
        for field, value in schema.get("properties", {}).items() if kind.endswith("Request") else ():
            if field == "model":
                schema["properties"][field] = {"enum": [None, *known]}
            elif field == "models":
                value["items"] = {"enum": known}
            elif kind == "LibreRequest" and field in ("source", "target"):
                value["enum"] = ["de", "en", "auto", "xx"]
            elif field in ("layer", "place", "alternatives", "count"):
                value["maximum"] = 5
            elif field in ("beam", "n_best"):
                for one in value.get("anyOf", [value]):
                    if "maximum" in one:
                        one["maximum"] = 5
    narrow["components"].pop("securitySchemes", None)
    for path in narrow["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": known}
    return narrow


def _as_bytes(requests: Any, case: Any, token: str) -> bytes | None:
    """Return what a client sends; None where none can send it."""
    wanted = ("method", "url", "headers", "json", "data", "params", "cookies")
    given = case.as_transport_kwargs(base_url="http://localhost")
    try:
        prepared = requests.Request(**{key: value for key, value in given.items() if key in wanted}).prepare()
        url = urlsplit(prepared.url)
        headers = {**prepared.headers, "Host": "localhost"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        lines = [f"{prepared.method} {url.path}{'?' if url.query else ''}{url.query} HTTP/1.1"]
        lines += [f"{_text(name)}: {_text(value)}" for name, value in headers.items()]
        body = prepared.body or b""
        content = body.encode() if isinstance(body, str) else body
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + content
    except (requests.RequestException, UnicodeError, TypeError):
        return None


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class Checker:
    """Holds answers to the description."""

    def __init__(self, description: dict[str, Any]) -> None:
        """Take the description as the server sends it."""
        self._description = description
        self._validators = required("jsonschema_rs")
        self._schema = cache(self._made)
        self._statuses = {404, 405, 304} | {
            int(status)
            for path in description["paths"].values()
            for operation in path.values()
            for status in operation["responses"]
        }

    def fault(self, ask: Ask, status: int, media: str, body: bytes) -> str | None:
        """Return what is wrong with an answer; None where nothing is."""
        if status >= 500 and status not in (503, 504):
            return f"status {status}"
        if status == 400 and body == NOT_HTTP and not ask.kind.startswith("described"):
            return None
        if ask.operation is None:
            return self._fault_of_any(ask, status, media, body)
        return self._fault_of(ask.operation, status, media, body)

    def _fault_of(self, operation: Operation, status: int, media: str, body: bytes) -> str | None:
        responses = self._description["paths"][operation[1]][operation[0].lower()]["responses"]
        if str(status) not in responses:
            return f"status {status} is not described"
        content = responses[str(status)].get("content", {})
        if media not in content:
            return f"the type {media!r} of status {status} is not described"
        if media == "text/event-stream":
            return _fault_of_events(body)
        if media != "application/json":
            return None
        return self._fault_of_json(json.dumps(content[media]["schema"]), body)

    def _fault_of_any(self, ask: Ask, status: int, media: str, body: bytes) -> str | None:
        """Of a request that may have become any other one: the status, and the form of an error."""
        if status not in self._statuses:
            return f"status {status} is described nowhere"
        if status < 400 or ask.pieces[0].startswith(b"HEAD "):
            return None
        forms = [{"$ref": f"#/components/schemas/{name}"} for name in ("ErrorAnswer", "LibreError")]
        return (
            self._fault_of_json(json.dumps({"anyOf": forms}), body)
            if media == "application/json"
            else f"type {media!r}"
        )

    def _fault_of_json(self, schema: str, body: bytes) -> str | None:
        try:
            content = json.loads(body, parse_constant=_no_constant)
        except ValueError as error:
            return f"no JSON: {error}"
        found = next(iter(self._schema(schema).iter_errors(content)), None)
        return None if found is None else f"the answer is not as it is described: {str(found)[:300]}"

    def _made(self, schema: str) -> Any:
        return self._validators.validator_for(
            {
                **json.loads(schema),
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "components": self._description["components"],
            }
        )


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _fault_of_events(body: bytes) -> str | None:
    events = [event for event in body.decode().split("\n\n") if event]
    for event in events:
        name, _, data = event.partition("\n")
        if not name.startswith("event: ") or not data.startswith("data: "):
            return f"no event: {event[:80]!r}"
        try:
            json.loads(data.removeprefix("data: "), parse_constant=_no_constant)
        except ValueError as error:
            return f"an event whose data are no JSON: {error}"
    return None if events and not events[-1].startswith("event: step") else "the last event is no end"
