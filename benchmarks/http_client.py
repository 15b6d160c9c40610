"""A server in a process of its own, and a client of HTTP that costs little beside it."""

import asyncio
import json
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

_PAGE = resource.getpagesize()
_KEPT = 2.0
"""Seconds for which an idle connection is used again: well below the five after which the server closes it."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    content: Any
    """The JSON."""


class Connection:
    """A connection that is kept from request to request."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def post(self, path: str, content: object) -> Answer:
        """Ask, and return the answer. Raise OSError or EOFError where the server hangs up."""
        await self.send(path, json.dumps(content).encode())
        return await self.receive()

    async def send(self, path: str, body: bytes, *, promised: int | None = None) -> None:
        """Send a request, whose header promises so many bytes of a body, and those of it that there are."""
        if time.perf_counter() - self._used > _KEPT:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        length = len(body) if promised is None else promised
        lines = [
            f"POST {path} HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/json",
            f"Content-Length: {length}",
        ]
        self._streams[1].write("\r\n".join([*lines, "", ""]).encode() + body)
        await self._streams[1].drain()

    async def receive(self) -> Answer:
        """Return the next answer."""
        if self._streams is None:
            raise EOFError("there is no connection")
        reader, _ = self._streams
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
        except (OSError, EOFError):
            self.close()
            raise
        self._used = time.perf_counter()
        if "connection: close" in head:
            self.close()
        return Answer(int(head.split()[1]), json.loads(body))

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class ServerProcess(NamedTuple):
    """A process that serves."""

    process: subprocess.Popen[str]
    port: int

    @property
    def resident(self) -> int:
        """The bytes of memory that the process has now."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE

    def stop(self) -> int:
        """Tell it to end, wait, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)


@contextmanager
def serving(arguments: Sequence[str], log: Path) -> Iterator[ServerProcess]:
    """Run a server with these arguments of Python, which says on standard error where it serves."""
    with log.open("w", encoding="utf-8") as access:
        process = subprocess.Popen([sys.executable, *arguments], stdout=access, stderr=subprocess.PIPE, text=True)
    try:
        yield ServerProcess(process, _port(process))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    raise RuntimeError(f"the server ended with status {process.wait()} before it served")


async def closed_loop(
    port: int, texts: Sequence[str], clients: int, options: dict[str, Any]
) -> tuple[float, list[str], list[float]]:
    """Have so many clients ask for one text after the other; return the seconds, the outputs, the seconds of each."""
    outputs, latencies, remaining = [""] * len(texts), [0.0] * len(texts), iter(range(len(texts)))

    async def client() -> None:
        connection = Connection(port)
        for number in remaining:
            began = time.perf_counter()
            answer = await connection.post("/v1/translate", {"text": texts[number], **options})
            latencies[number] = time.perf_counter() - began
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status}: {answer.content}")
            outputs[number] = answer.content["translations"][0]["text"]
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - began, outputs, latencies
