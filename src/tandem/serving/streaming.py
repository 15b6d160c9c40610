"""Server-sent events: the best text after each step of a search, and then the whole translation."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tandem.serving.answering import cancel_on_disconnect
from tandem.serving.refusals import error_object
from tandem.translation.forms import json_line

OnStep: TypeAlias = Callable[[str], object]
"""Is called in the event loop with the best text so far."""


class Streamed(Response):
    """A stream of `step` events, each with a text, and then one `translation` or `error` event.

    A client that reads slowly gets fewer steps: only the newest text is kept for it.
    """

    media_type = "text/event-stream"

    def __init__(self, work: Callable[[OnStep], Awaitable[Mapping[str, Any]]], uses: ExitStack, seconds: float) -> None:
        """Take the work, which may last so many seconds, and the uses to end when everything is sent."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._work = work
        self._uses = uses
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application
        """Send the events, until the end or until the client disconnects."""
        with self._uses:
            await cancel_on_disconnect(receive, self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        news, best, sent = asyncio.Event(), "", ""

        def on_step(text: str) -> None:
            nonlocal best
            best = text
            news.set()

        work = asyncio.ensure_future(self._work(on_step))
        work.add_done_callback(lambda _: news.set())
        try:
            async with asyncio.timeout(self._seconds):
                while not work.done():
                    await news.wait()
                    news.clear()
                    if best != sent and not work.done():
                        sent = best
                        await send(_event("step", {"text": best}))
            result = work.result()
        except TimeoutError:
            message = f"the translation took longer than {self._seconds:g} seconds, the most here"
            result = {"error": error_object(504, message)}
        finally:
            work.cancel()
        await send(_event("error" if "error" in result else "translation", result))
        await send({"type": "http.response.body", "body": b""})


def _event(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    body = b"event: " + name.encode() + b"\ndata: " + json_line(content) + b"\n"
    return {"type": "http.response.body", "body": body, "more_body": True}
