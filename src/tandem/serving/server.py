"""The uvicorn server of a process: its sockets, its signals and its shutdown."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from tandem.errors import TandemError
from tandem.serving.protocol import Protocol
from tandem.serving.service import Service
from tandem.serving.sockets import address_of
from tandem.serving.tokens import Tokens
from tandem.terminal import Notify


class Server(uvicorn.Server):
    """Answers all accepted requests before it ends, and reloads all models on SIGHUP."""

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        tokens: Path | None,
        notify: Notify,
        alive: int | None = None,
        *,
        on_listening: Callable[[str], object],
    ) -> None:
        """Serve `app`. `service` is its service, and `tokens` a file that is read again on SIGHUP.

        A worker stops once the pipe `alive` ends. `on_listening` is called with the server's address.
        """
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=int(2 * service.limits.seconds) + 1,
            )
        )
        self._service = service
        self._tokens = tokens
        self._notify = notify
        self._alive = alive
        self._on_listening = on_listening
        self._reloads: set[asyncio.Task[None]] = set()
        self.interrupted = False
        """Whether it was stopped by Ctrl-C."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, install the signal handlers, and report the address."""
        await super().startup(sockets)
        if self._alive is not None:
            asyncio.get_running_loop().add_reader(self._alive, self._on_parent_end, self._alive)
        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        self._on_listening(" and ".join(map(address_of, sockets or [])))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's method
        """Accept no more requests; a second Ctrl-C ends the process at once."""
        if sig == signal.SIGINT:
            self.force_exit = self.should_exit = self.interrupted
            self.interrupted = True
        self.stop()

    def stop(self) -> None:
        """Accept no more requests, and end once all accepted ones are answered."""
        self._service.gate.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end; uvicorn calls this ten times a second."""
        if self._service.gate.stopping and not self._service.gate.requests:
            self.should_exit = True
        return await super().on_tick(counter)

    def _on_parent_end(self, alive: int) -> None:
        asyncio.get_running_loop().remove_reader(alive)  # it would be called again and again
        self.stop()

    def _reload(self) -> None:
        if self._tokens:
            try:
                self._service.tokens = Tokens.read(self._tokens)
            except TandemError as error:
                self._notify(f"the old tokens are kept: {error}")
        task = asyncio.create_task(self._service.models.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
