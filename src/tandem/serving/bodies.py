"""Parse a request's body, or its path and query, into a checked request; anything else raises `Refusal`."""

import json
from typing import Any, TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from tandem.serving.refusals import Refusal

R = TypeVar("R", bound=BaseModel)

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000
_SHOWN = 80
"""The most characters of a field's name in an error message."""


async def read_body(request: Request, most: int) -> bytes:
    """Read the body. Raise Refusal where it is larger than `most` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 19 and int(declared) > most:
        raise _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def parsed(request: Request, body: bytes, kind: type[R], *, form: bool) -> R:
    """Return the request in a JSON body, or in a form if `form` is true. Raise Refusal if the body is neither."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == JSON_TYPE:
        content = _from_json(body)
    elif form and media == FORM_TYPE:
        content = _from_form(body)
    else:
        accepted = f"{JSON_TYPE} or {FORM_TYPE}" if form else JSON_TYPE
        raise Refusal(415, f"the body must be of the type {accepted}: say so by the header Content-Type")
    if not isinstance(content, dict):
        raise Refusal(422, "the body must be a JSON object")
    return _checked(content, kind)


def parsed_parameters(request: Request, kind: type[R]) -> R:
    """Return the request in the parameters of a path and its query. Raise Refusal if one is wrong."""
    return _checked({**request.query_params, **request.path_params}, kind)


def _checked(content: dict[str, Any], kind: type[R]) -> R:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise Refusal(422, _sentence(error)) from None


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"the body has more than {most:,} bytes, the most here", {"Connection": "close"})


def _from_json(body: bytes) -> Any:
    try:
        text = body.decode()
        content = json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refusal(400, "the body is not UTF-8") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, f"the body is not JSON ({place}): {error.msg}") from None
    except ValueError:  # a number of thousands of digits
        raise Refusal(400, "the body is not JSON: a number in it has too many digits") from None
    if "\\ud" in text.lower() and _has_surrogate(content):
        raise Refusal(400, r"the body has half of a surrogate pair, such as \ud800 alone, which is no character")
    return content


def _no_constant(name: str) -> Any:
    raise Refusal(400, f"the body is not JSON: {name} is no number there")


def _has_surrogate(value: Any) -> bool:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text) if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
                return True
            case list(items):
                waiting += items
            case dict(items):
                waiting += [*items.keys(), *items.values()]
    return False


def _from_form(body: bytes) -> dict[str, Any]:
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError:
        raise Refusal(400, "the form is not UTF-8") from None
    except ValueError:
        raise Refusal(400, f"the form has more than {_MOST_FIELDS:,} fields") from None
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def _sentence(error: ValidationError) -> str:
    """Return an error message for the first wrong field."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))[:_SHOWN]
    if first["type"] == "extra_forbidden":
        return f"{place}: there is no such field"
    if first["type"] == "missing":
        return f"{place}: is missing"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{place}: {message[0].lower()}{message[1:]}"
