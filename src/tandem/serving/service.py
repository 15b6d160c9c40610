"""What all endpoints share, and what an endpoint is."""

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
    """Everything that answering takes."""

    models: Models
    metrics: Metrics
    gate: Gate
    write_line: WriteLine
    limits: Limits = field(default_factory=Limits)
    tokens: Tokens | None = None
    """None lets every client in."""
    log_texts: bool = False
    runs: Mapping[str, WatchedRun] = field(default_factory=dict)
    """The trainings that can be looked at, by their names."""
    comparing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while two models are compared, which keeps all cores busy."""


Handle: TypeAlias = Callable[[Service, Any, Record], Coroutine[Any, Any, Response]]
"""Answers a checked request, which is None for an endpoint with neither a body nor parameters."""


class Endpoint(NamedTuple):
    """What can be asked of the server: its routes and its description are made of these."""

    method: str
    path: str
    summary: str
    handle: Handle
    answer: type[BaseModel] | None
    """None for an answer that is no JSON."""
    refusals: tuple[int, ...] = ()
    """Statuses besides 200, and besides those that every endpoint has."""
    body: type[BaseModel] | None = None
    form: bool = False
    """Whether the body may be a form, which has the token as its `api_key`."""
    public: bool = False
    """Whether it needs no token."""
    accepted: type[BaseModel] | None = None
    """The answer with 202, for what is not there yet."""
    error_form: Callable[[int, str], dict[str, Any]] = own_form
    parameters: type[BaseModel] | None = None
    """What path and query hold, of an endpoint without a body."""
