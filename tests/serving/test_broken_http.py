"""A request that turns out to be broken HTTP while it is answered: one answer, and nothing in the log."""

import asyncio
import json
import logging
from typing import TypeAlias

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tandem.serving.protocol import Protocol

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN = b"no chunk\r\n"
Heard: TypeAlias = list[str]


async def hastily(heard: Heard, _: Receive, send: Send) -> None:
    """Answers without a look at the body."""
    heard.append("asked")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def after_the_body(heard: Heard, receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        heard.append("some")
    heard.append(message["type"])
    await hastily(heard, receive, send)


async def in_pieces(heard: Heard, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await after_the_body(heard, receive, lambda _: asyncio.sleep(0))


async def answers(app: object, *pieces: bytes) -> tuple[bytes, Heard]:
    """Send pieces, each once what came before was heard of; return all that comes back."""
    heard: Heard = []

    async def application(_: Scope, receive: Receive, send: Send) -> None:
        await app(heard, receive, send)  # type: ignore[operator]

    config = uvicorn.Config(application, log_config=None, lifespan="off", access_log=False)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(config, state, {}), "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        back = b""
        for number, piece in enumerate(pieces):
            if number and app is in_pieces:
                back += await reader.readuntil(b"first")
            while number and app is after_the_body and not heard:
                await asyncio.sleep(0.001)
            writer.write(piece)
        back += await reader.read()
        writer.close()
        await asyncio.gather(*state.tasks)
    return back, heard


def test_an_answer_under_way_gives_way_to_the_refusal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        back, heard = asyncio.run(answers(hastily, HEAD + BROKEN))
    assert heard == ["asked"]
    assert back.startswith(b"HTTP/1.1 400 ")
    assert back.count(b"HTTP/1.1") == 1
    assert not caplog.records


def test_the_application_hears_that_nothing_more_comes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        back, heard = asyncio.run(answers(after_the_body, HEAD + b"1\r\nx\r\n", BROKEN))
    assert heard == ["some", "http.disconnect", "asked"]
    assert back.count(b"HTTP/1.1") == 1
    assert back.startswith(b"HTTP/1.1 400 ")
    assert not caplog.records


def test_no_refusal_stands_in_the_middle_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        back, heard = asyncio.run(answers(in_pieces, HEAD, BROKEN))
    assert heard == ["http.disconnect", "asked"]
    assert back.startswith(b"HTTP/1.1 200 ")
    assert b"400" not in back
    assert not caplog.records


class Wire(asyncio.Transport):
    """A connection that keeps each piece that is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.written.append(b"closed")


async def refused(data: bytes) -> list[bytes]:
    """Send what is no HTTP; return what is written back, piece by piece."""
    config = uvicorn.Config(hastily, log_config=None, lifespan="off", access_log=False)
    config.load()
    protocol, wire = Protocol(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    protocol.data_received(data)
    return wire.written


def test_a_refusal_has_the_form_of_an_error_and_is_written_at_once() -> None:
    back, closed = asyncio.run(refused(b"no HTTP\r\n\r\n"))
    head, _, body = back.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {"error": {"code": "bad_request", "message": "the request is not valid HTTP"}}
    assert closed == b"closed"
