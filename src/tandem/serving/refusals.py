"""Errors that clients get: a status and a message as JSON."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tandem.terminal import printable
from tandem.translation.forms import json_line

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "busy",
    500: "failed",
    503: "stopping",
    504: "too_slow",
}
"""The code of each status, for programs."""
CLIENT_DISCONNECTED = 499
"""The status in the log of a request whose client disconnected before its answer."""
_LONGEST = 500


class Refusal(Exception):
    """A request cannot be answered; the client gets the reason."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Take a status of `CODES` and an error message."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def error_object(status: int, message: str) -> dict[str, Any]:
    """Return an error in the server's own form: a code and a message."""
    shown = printable(message)
    return {"code": CODES[status], "message": shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."}


def own_form(status: int, message: str) -> dict[str, Any]:
    """Return the body of an error response."""
    return {"error": error_object(status, message)}


def libre_form(_: int, message: str) -> dict[str, Any]:
    """Return the body of an error response in LibreTranslate's form."""
    return {"error": printable(message)}


class Json(Response):
    """A response in JSON, which may hold any characters."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the object as bytes."""
        return json_line(content)
