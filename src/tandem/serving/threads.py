"""Work on a single text outside the batches: it runs in a thread, so that other requests are answered meanwhile."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from tandem.errors import TandemError
from tandem.serving.models import Served
from tandem.serving.refusals import Refusal
from tandem.serving.service import Service

T = TypeVar("T")


async def in_thread(service: Service, served: Served, work: Callable[[], T]) -> T:
    """Return the result of the work. Raise Refusal if it raises TandemError, or if no further text is accepted.

    A thread cannot be stopped: if the client disconnects, the text still counts until its work is done.
    """

    def attempt() -> T | TandemError | Refusal:
        try:
            return work()
        except (TandemError, Refusal) as error:
            return error  # asyncio logs what is raised once nobody waits

    with ExitStack() as stack:
        stack.enter_context(service.gate.letting_in(1))
        stack.enter_context(served.in_use())
        service.metrics.texts.labels(served.name).inc()
        task = asyncio.ensure_future(asyncio.to_thread(attempt))
        underway = stack.pop_all()
        task.add_done_callback(lambda _: underway.close())
    found = await asyncio.shield(task)
    if isinstance(found, TandemError):
        service.metrics.failed.labels(served.name).inc()
        raise Refusal(422, str(found)) from found
    if isinstance(found, Refusal):
        raise found
    return found
