"""Headless Chromium, driven over two pipes by its DevTools protocol, and a server of static files."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which a container does not allow
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)


class BrowserError(Exception):
    """What the page or the browser answers instead of a result."""


def chromium() -> str | None:
    """Return where Chromium is, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """A tab of a browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to = os.fdopen(to_browser, "wb", buffering=0)
        self._from = os.fdopen(from_browser, "rb")
        self._pending = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.requests: list[str] = []
        """The addresses that the page asked for."""
        self.messages: list[str] = []
        """What the browser and the page logged, such as refusals, and exceptions of the page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        self._to.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            pass
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self.call("Page.navigate", url=url)
        while self._read().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript is, once it is there where it is a promise."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            allowUnsafeEvalBlockedByCSP=False,  # as a script of the page
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def processor_seconds(self) -> float:
        """Return the processor time that pages have taken so far."""
        session, self._session = self._session, {}  # it is the browser that knows
        processes = self.call("SystemInfo.getProcessInfo")["processInfo"]
        self._session = session
        return float(sum(process["cpuTime"] for process in processes if process["type"] == "renderer"))

    def close(self) -> None:
        """Let go of the pipes, after which the browser ends."""
        self._to.close()
        self._from.close()

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            data = os.read(self._from.fileno(), 1 << 16)
            if not data:
                raise BrowserError("the browser ended")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Log.entryAdded":
                self.messages.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.messages.append(json.dumps(parameters["args"]))
            case "Runtime.exceptionThrown":
                self.messages.append(json.dumps(parameters["exceptionDetails"]))
        return message


@contextmanager
def opened_browser(profile: Path) -> Iterator[Page]:
    """Yield a tab of a headless Chromium whose profile is a new folder."""
    program = chromium()
    assert program is not None
    (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
    # Chromium reads from descriptor 3 and writes to 4.
    command = f'exec "$@" 3<&{their_in} 4>&{their_out}'
    words = [program, *_FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        ["bash", "-c", command, "browser", *words], pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL
    )
    os.close(their_in)
    os.close(their_out)
    page = None
    try:
        page = Page(our_out, our_in)
        yield page
    finally:
        if page is not None:
            page.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Served:
    """A folder that is served, and what was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve a folder as any static server does: no headers but the type and the length."""
    state = Served("")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            state.asked.append(self.path)
            super().do_GET()

    with running(partial(Handler, directory=str(folder))) as state.url:
        yield state


@contextmanager
def running(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server whose requests go to this kind of handler, and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
