"""Work in a thread whose client leaves before it is done."""

import asyncio
import gc
from threading import Event
from typing import Any

import pytest

from tandem import TandemError
from tandem.serving.refusals import Refusal
from tandem.serving.threads import in_thread
from tests.serving.desk import desk


@pytest.mark.parametrize(
    ("error", "complaints"),
    [(TandemError("no"), 0), (Refusal(422, "no"), 0), (RuntimeError("a fault"), 1)],
    ids=lambda value: type(value).__name__,
)
def test_what_nobody_waits_for_is_logged_where_it_is_a_fault(error: Exception, complaints: int) -> None:
    here, go, heard = desk(), Event(), list[dict[str, Any]]()

    def work() -> None:
        go.wait(20)
        raise error

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
        waiting = asyncio.create_task(in_thread(here.service, here.service.models.find(None), work))
        await asyncio.sleep(0)
        assert here.service.gate.texts == 1
        waiting.cancel()
        await asyncio.wait([waiting])
        go.set()
        async with asyncio.timeout(20):
            while here.service.gate.texts:
                await asyncio.sleep(0.001)
        gc.collect()

    asyncio.run(leave())
    gc.collect()
    assert len(heard) == complaints
