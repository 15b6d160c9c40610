"""The process that serves: its socket, its signals, its end."""

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
    """Answers what was let in before it ends; SIGHUP loads all models anew."""

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
        """Serve `app`, whose `service` is told when to stop; `tokens` are read again at SIGHUP.

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
        """Begin to listen, and tell it."""
        await super().startup(sockets)
        if self._alive is not None:
            asyncio.get_running_loop().add_reader(self._alive, self._left_alone, self._alive)
        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        self._on_listening(" and ".join(map(address_of, sockets or [])))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's method
        """Let nothing more in; a second Ctrl-C waits for nothing."""
        if sig == signal.SIGINT:
            self.force_exit = self.should_exit = self.interrupted
            self.interrupted = True
        self.stop()

    def stop(self) -> None:
        """Let nothing more in, and end once all that was let in is answered."""
        self._service.gate.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to end; called ten times a second."""
        if self._service.gate.stopping and not self._service.gate.requests:
            self.should_exit = True
        return await super().on_tick(counter)

    def _left_alone(self, alive: int) -> None:
        asyncio.get_running_loop().remove_reader(alive)  # which would go on telling it
        self.stop()

    def _reload(self) -> None:
        if self._tokens:
            try:
                self._service.tokens = Tokens.read(self._tokens)
            except TandemError as error:
                self._notify(f"the tokens stay as they were: {error}")
        task = asyncio.create_task(self._service.models.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
