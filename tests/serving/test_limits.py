"""What is let in, how long it may take, and that nothing stays behind of a client that left."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from tandem.serving.limits import Limits
from tests.serving.desk import ATTENDING, Desk, desk, metric


class Asked:
    """A request that is under way, as a server of ASGI has it."""

    def __init__(self, app: ASGIApp, body: dict[str, Any], path: str = "/v1/translate") -> None:
        self.messages: list[Message] = []
        self._left = asyncio.Event()
        self._incoming: list[Message] = [
            {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}
        ]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
        }
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if self._incoming:
            return self._incoming.pop()
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.messages.append(message)

    async def leave(self) -> None:
        self._left.set()
        await self.task

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])


async def until_running(here: Desk, texts: int) -> None:
    while here.alone[ATTENDING].running < texts:
        await asyncio.sleep(0)


@pytest.mark.parametrize("stream", [False, True])
def test_texts_of_a_client_that_left_leave(stream: bool) -> None:
    here = desk()
    alone = here.alone[ATTENDING]
    alone.holds = True

    async def scene() -> None:
        text: Any = "eins" if stream else ["eins", "zwei", "drei"]
        asked = Asked(here.app, {"text": text, "stream": stream})
        await until_running(here, 1 if stream else 3)
        assert here.service.gate.texts == alone.running
        await asked.leave()

    asyncio.run(scene())
    assert alone.cancelled == (1 if stream else 3)
    assert (alone.running, here.service.gate.texts, here.service.gate.requests) == (0, 0, 0)
    assert json.loads(here.log[0])["status"] == 499
    with here.client() as client:
        assert metric(client, "tandem_cancelled_total") == 1


def test_more_texts_than_may_wait_are_refused_at_once() -> None:
    here = desk(Limits(texts=2, waiting=3))
    here.alone[ATTENDING].holds = True

    async def scene() -> None:
        first = Asked(here.app, {"text": ["eins", "zwei"]})
        await until_running(here, 2)
        too_many = Asked(here.app, {"text": ["drei", "vier"]})
        await too_many.task
        assert too_many.status == 429
        assert (b"retry-after", b"1") in too_many.messages[0]["headers"]
        last = Asked(here.app, {"text": "drei"})
        await until_running(here, 3)
        full = Asked(here.app, {"text": "vier"})
        await full.task
        assert full.status == 429
        await first.leave()
        await last.leave()
        here.alone[ATTENDING].holds = False
        again = Asked(here.app, {"text": "vier"})
        await again.task
        assert again.status == 200

    asyncio.run(scene())
    with here.client() as client:
        assert metric(client, 'tandem_refused_total{reason="busy"}') == 2


def test_what_takes_too_long_is_given_up() -> None:
    here = desk(Limits(seconds=0.1))
    here.alone[ATTENDING].holds = True
    with here.client() as client:
        answer = client.post("/v1/translate", json={"text": ["eins", "zwei"]})
    assert answer.status_code == 504
    assert answer.json()["error"]["message"] == "the request took longer than 0.1 seconds, the most here"
    assert here.alone[ATTENDING].cancelled == 2


def test_while_the_server_ends_nothing_new_is_let_in() -> None:
    here = desk()

    async def scene() -> None:
        here.alone[ATTENDING].steps = ["one"] * 3
        accepted = Asked(here.app, {"text": "eins", "stream": True})
        await until_running(here, 1)
        here.service.gate.stopping = True
        late = Asked(here.app, {"text": "zwei"})
        await late.task
        assert late.status == 503
        assert {(b"retry-after", b"1"), (b"connection", b"close")} <= set(late.messages[0]["headers"])
        await accepted.task
        assert accepted.status == 200
        assert b"event: translation" in accepted.messages[-2]["body"]

    asyncio.run(scene())
    with here.client() as client:
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
