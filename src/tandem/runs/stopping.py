"""Ctrl-C and SIGTERM: a training that is asked to stop first goes on to where it can be saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from tandem.terminal import Notify


class Stopped(KeyboardInterrupt):
    """A signal stopped the training."""

    def __init__(self, number: int, *, at_once: bool) -> None:
        """Take the signal's number, and whether the training stopped `at_once`, without being saved."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
        self.at_once = at_once


class Stopping:
    """A context that handles SIGINT and SIGTERM in the main thread, and then restores the former handlers.

    A signal raises Stopped at once, except while the context is `patient`: then the first signal is kept for `check`,
    and only a second SIGINT raises.
    """

    def __init__(self, notify: Notify) -> None:
        """`notify` is called in another thread, since a signal may arrive in the middle of a print."""
        self._notify = notify
        self._asked: int | None = None
        self._patient = False
        self._former: dict[int, Any] = {}
        self._messages: SimpleQueue[str | None] = SimpleQueue()
        self._speaker = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Self:
        """Install the handlers, unless called from another thread than the main one, where Python forbids it."""
        self._speaker.start()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # A signal that is ignored stays ignored: `nohup` and shells do that for jobs in the background.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the former handlers."""
        for number, handler in self._former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._messages.put(None)
        self._speaker.join()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Let signals wait for `check`, which the block calls wherever it can be stopped."""
        self._patient = True
        try:
            yield
        finally:
            self._patient = False

    @property
    def asked(self) -> bool:
        """Whether a signal waits for `check`."""
        return self._asked is not None

    def check(self) -> None:
        """Raise Stopped if a signal has arrived."""
        if self._asked is not None:
            raise Stopped(self._asked, at_once=False)

    def stop(self) -> None:
        """Raise Stopped: as `check` does, or because another process of the training has got a signal."""
        raise Stopped(self._asked or signal.SIGTERM, at_once=False)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if not self._patient or (self.asked and number == signal.SIGINT):
            raise Stopped(number, at_once=True)
        if not self.asked:
            self._asked = number
            self._messages.put(
                "stopping: the step or validation under way is finished, then the run is saved; "
                "Ctrl-C again stops at once"
            )

    def _speak(self) -> None:
        while (message := self._messages.get()) is not None:
            self._notify(message)
