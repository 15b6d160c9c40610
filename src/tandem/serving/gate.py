"""How many requests and texts are under way, and whether more are let in."""

from collections.abc import Iterator
from contextlib import contextmanager

from tandem.serving.refusals import Refusal
from tandem.terminal import counted

_RETRY = {"Retry-After": "1"}


class Gate:
    """Counts what was let in and has no answer yet."""

    def __init__(self, most_texts: int) -> None:
        """Let so many texts in at a time, and as many requests, whose bodies are in memory."""
        self._most = most_texts
        self.requests = 0
        self.texts = 0
        self.stopping = False
        """Whether the server is to end: what was let in is answered, and nothing more is let in."""

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request while the block runs."""
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    def check_stopping(self) -> None:
        """Raise Refusal where the server is to end."""
        if self.stopping:
            raise Refusal(503, "the server is shutting down: ask another one", {**_RETRY, "Connection": "close"})

    def check(self) -> None:
        """Raise Refusal where no text would be let in, before a body is read for nothing."""
        self.check_stopping()
        if max(self.texts, self.requests - 1) >= self._most:  # the request that asks is counted already
            raise self._busy()

    @contextmanager
    def letting_in(self, texts: int) -> Iterator[None]:
        """Count texts while the block runs. Raise Refusal where they would be too many."""
        if self.texts + texts > self._most:
            raise self._busy()
        self.texts += texts
        try:
            yield
        finally:
            self.texts -= texts

    def _busy(self) -> Refusal:
        return Refusal(
            429,
            f"{counted(max(self.texts, self.requests - 1), 'text')} wait for an answer already: try again later",
            _RETRY,
        )
