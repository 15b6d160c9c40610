"""How a request is handled: its token, its body, its deadline, and clients that disconnect."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tandem.serving.access_log import RECORD, Record
from tandem.serving.bodies import parsed, parsed_parameters, read_body
from tandem.serving.refusals import CLIENT_DISCONNECTED, CODES, Json, Refusal
from tandem.serving.service import Endpoint, Service

T = TypeVar("T")


class Answering:
    """An endpoint as an ASGI application."""

    def __init__(self, service: Service, endpoint: Endpoint) -> None:
        self._service = service
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or send an error."""
        record: Record = scope[RECORD]
        record.route = self._endpoint.path
        limit = self._service.limits.seconds
        with self._service.gate.request():
            try:
                response = await self._response(Request(scope, receive), record, limit)
                began = perf_counter()
                with suppress(TimeoutError):  # a client that does not read is given up
                    async with asyncio.timeout(2 * limit):
                        await response(scope, receive, send)
                if isinstance(response, Json):  # a stream is sent during the search, which would be measured too
                    self._service.metrics.stages.labels("write").observe(perf_counter() - began)
            except ClientDisconnect:
                record.status = CLIENT_DISCONNECTED
                self._service.metrics.cancelled.inc()

    async def _response(self, request: Request, record: Record, limit: float) -> Response:
        try:
            async with asyncio.timeout(limit):
                return await self._answer(request, record)
        except TimeoutError:
            refusal = Refusal(504, f"the request took longer than {limit:g} seconds, the most here")
        except Refusal as error:
            refusal = error
        self._service.metrics.refused.labels(CODES[refusal.status]).inc()
        content = self._endpoint.error_form(refusal.status, refusal.message)
        return Json(content, refusal.status, headers=refusal.headers)

    async def _answer(self, request: Request, record: Record) -> Response:
        service, endpoint = self._service, self._endpoint
        allowed = service.tokens is None or endpoint.public or service.tokens.allow(_bearer(request))
        if endpoint.body is None:
            if not allowed:
                raise _unknown_client()
            parsed_request = parsed_parameters(request, endpoint.parameters) if endpoint.parameters else None
            return await endpoint.handle(service, parsed_request, record)
        if not allowed and not (endpoint.form and "authorization" not in request.headers):
            raise _unknown_client()
        service.gate.check()
        began = perf_counter()
        body = await read_body(request, service.limits.body)
        parsed_request = parsed(request, body, endpoint.body, form=endpoint.form)
        if not allowed and not (service.tokens and service.tokens.allow(getattr(parsed_request, "api_key", ""))):
            raise _unknown_client()
        service.metrics.stages.labels("read").observe(perf_counter() - began)
        return await cancel_on_disconnect(request.receive, endpoint.handle(service, parsed_request, record))


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of the work. If the client disconnects first, cancel the work and raise ClientDisconnect."""
    task, disconnected = asyncio.create_task(work), asyncio.create_task(_until_disconnected(receive))
    try:
        await asyncio.wait([task, disconnected], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        disconnected.cancel()
        await asyncio.gather(task, disconnected, return_exceptions=True)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _unknown_client() -> Refusal:
    return Refusal(
        401, "this server answers to those with a token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
    )
