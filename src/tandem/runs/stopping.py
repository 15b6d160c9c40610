"""Ctrl-C and SIGTERM: a training that is asked to stop comes to a place where it can be saved first."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self


class Stopped(KeyboardInterrupt):
    """A signal stopped the training."""

    def __init__(self, number: int, *, at_once: bool) -> None:
        """`at_once`: in the midst of something, so that only what was saved before stands."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
        self.at_once = at_once


class Stopping:
    """Hears SIGINT and SIGTERM while it is entered, in the main thread; former handlers come back afterwards.

    A signal raises Stopped at once, except while a training is `patient`: then the first one is kept for `check`,
    and a second SIGINT raises.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` gets what the user should know, from another thread: a handler may come in the midst of a print."""
        self._say = say
        self._asked: int | None = None
        self._patient = False
        self._former: dict[int, Any] = {}
        self._messages: SimpleQueue[str | None] = SimpleQueue()
        self._speaker = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Self:
        """Put the handlers in place, unless another thread than the main one does so, which Python forbids."""
        self._speaker.start()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # Whoever had a signal ignored, as `nohup` and shells do in the background, meant it.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._former[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the former handlers back."""
        for number, handler in self._former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._messages.put(None)
        self._speaker.join()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """While something runs that asks `check` wherever it can be stopped."""
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
        """Raise Stopped if a signal has come."""
        if self._asked is not None:
            raise Stopped(self._asked, at_once=False)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
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
            self._say(message)
