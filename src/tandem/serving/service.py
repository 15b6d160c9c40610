"""The service that all endpoints share, and the description of an endpoint."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from tandem.runs.watched_run import WatchedRun
from tandem.serving.access_log import Record, WriteLine
from tandem.serving.gate import Gate
from tandem.serving.limits import Limits
from tandem.serving.metrics import Metrics
from tandem.serving.models import Models
from tandem.serving.refusals import own_form
from tandem.serving.tokens import Tokens


@dataclass
class Service:
    """Everything that endpoints need to answer requests."""

    models: Models
    metrics: Metrics
    gate: Gate
    write_line: WriteLine
    limits: Limits = field(default_factory=Limits)
    tokens: Tokens | None = None
    """The tokens; None accepts every client."""
    log_texts: bool = False
    runs: Mapping[str, WatchedRun] = field(default_factory=dict)
    """The trainings that can be watched, by name."""
    comparison_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while two models are compared, so that only one comparison at a time uses the cores."""


Handle: TypeAlias = Callable[[Service, Any, Record], Coroutine[Any, Any, Response]]
"""Answers a checked request; the request is None for an endpoint with neither a body nor parameters."""


class Endpoint(NamedTuple):
    """An endpoint of the server. The routes and the OpenAPI description are made from these."""

    method: str
    path: str
    summary: str
    handle: Handle
    answer: type[BaseModel] | None
    """None for an answer that is not JSON."""
    refusals: tuple[int, ...] = ()
    """The error statuses, without those that every endpoint has."""
    body: type[BaseModel] | None = None
    form: bool = False
    """Whether the body may be a form, whose field `api_key` has the token."""
    public: bool = False
    """Whether requests need no token."""
    accepted: type[BaseModel] | None = None
    """The answer with 202, while the result is being computed."""
    error_form: Callable[[int, str], dict[str, Any]] = own_form
    parameters: type[BaseModel] | None = None
    """The parameters in the path and the query, for an endpoint without a body."""
