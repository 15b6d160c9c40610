"""The server as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tandem.serving.access_log import RECORD, Record
from tandem.serving.answering import Answering
from tandem.serving.endpoints import ENDPOINTS
from tandem.serving.refusals import Json, own_form
from tandem.serving.service import Service
from tandem.serving.static_files import Page, page_files

_RELOAD_INTERVAL = 2.0
"""Seconds between two checks whether a model has changed on disk."""


def make_app(service: Service, *, origins: Sequence[str] = (), follow: bool = False) -> ASGIApp:
    """Return the application. Pages of `origins` may send requests; with `follow`, changed models are reloaded."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(_follow(service)) if follow else None
        yield
        if following:
            following.cancel()
        await service.models.close()

    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
    )
    app = Starlette(
        routes=[
            *(Route(endpoint.path, Answering(service, endpoint), methods=[endpoint.method]) for endpoint in ENDPOINTS),
            *Page(page_files()).routes(),
        ],
        middleware=[cors] if origins else [],
        exception_handlers={HTTPException: _not_routed, Exception: _broken},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Logged(app, service)


class Logged:
    """Writes a line of the access log for each request, and counts it."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, and log it when it ends."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        record = Record(scope["method"], scope["path"], client[0] if client else None)
        scope[RECORD] = record

        async def send_and_record(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_record)
        finally:
            self._service.metrics.requests.labels(record.route, str(record.status)).inc()
            self._service.metrics.record_queues(self._service.models.served)
            self._service.write_line(record.line(with_texts=self._service.log_texts))


async def _follow(service: Service) -> None:
    while True:
        await service.models.reload(changed=True)
        await asyncio.sleep(_RELOAD_INTERVAL)


async def _not_routed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return Json(own_form(404, "there is nothing of this name: /openapi.json says what there is"), 404)
    return Json(own_form(405, "there is no such method here: see the header Allow"), 405, headers=error.headers)


async def _broken(_: Request, __: Exception) -> Response:
    return Json(own_form(500, "the server failed at this request; its log says more"), 500)
