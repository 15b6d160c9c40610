"""The server's OpenAPI 3.1 description, made from the table of endpoints and the classes of requests and answers."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tandem.serving.answers import ErrorAnswer, LibreError
from tandem.serving.bodies import FORM_TYPE, JSON_TYPE
from tandem.serving.refusals import libre_form
from tandem.serving.requests import TranslateRequest
from tandem.serving.service import Endpoint
from tandem.version import __version__

_SCHEMAS = "#/components/schemas/{model}"
_WITH_RETRY = (429, 503)
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {"event": {"enum": ["step", "translation", "error"]}, "data": {"type": "string"}},
}
"""A server-sent event whose data is JSON."""


def describe(endpoints: Sequence[Endpoint], *, tokens: bool) -> dict[str, Any]:
    """Return the description; `tokens` says whether the server requires a token."""
    kinds: list[type[BaseModel]] = [ErrorAnswer, LibreError]
    kinds += [kind for endpoint in endpoints for kind in (endpoint.body, endpoint.answer, endpoint.accepted) if kind]
    _, schemas = models_json_schema([(kind, "validation") for kind in kinds], ref_template=_SCHEMAS)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, tokens=tokens)
    components: dict[str, Any] = {"schemas": schemas["$defs"]}
    if tokens:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tandem", "version": __version__},
        "paths": paths,
        "components": components,
    }


def _operation(endpoint: Endpoint, *, tokens: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": endpoint.summary, "responses": {"200": _answer(endpoint)}}
    if endpoint.accepted:
        accepted = _content(JSON_TYPE, endpoint.accepted)
        operation["responses"]["202"] = {"description": HTTPStatus(202).phrase, "content": accepted}
    asks = tokens and not endpoint.public
    error = LibreError if endpoint.error_form is libre_form else ErrorAnswer
    for status in sorted((*endpoint.refusals, 500, *((401,) if asks else ()))):
        response = {"description": HTTPStatus(status).phrase, "content": _content(JSON_TYPE, error)}
        if status in _WITH_RETRY:
            response["headers"] = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds."}}
        operation["responses"][str(status)] = response
    if endpoint.parameters:
        operation["parameters"] = _parameters(endpoint.path, endpoint.parameters)
    if endpoint.body:
        types = (JSON_TYPE, FORM_TYPE) if endpoint.form else (JSON_TYPE,)
        content = {media: _content(media, endpoint.body)[media] for media in types}
        operation["requestBody"] = {"required": True, "content": content}
    if asks:
        operation["security"] = [{"token": []}]
    return operation


def _parameters(path: str, kind: type[BaseModel]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in path else "query",
            "required": f"{{{name}}}" in path,
            "description": schema.pop("description"),
            "schema": schema,
        }
        for name, schema in kind.model_json_schema()["properties"].items()
    ]


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.answer is None:
        return {"description": "Text", "content": {"text/plain": {"schema": {"type": "string"}}}}
    content = _content(JSON_TYPE, endpoint.answer)
    if endpoint.body is TranslateRequest:
        content["text/event-stream"] = {"schema": _EVENT}
    return {"description": "The answer", "content": content}


def _content(media: str, kind: type[BaseModel]) -> dict[str, Any]:
    return {media: {"schema": {"$ref": _SCHEMAS.format(model=kind.__name__)}}}
