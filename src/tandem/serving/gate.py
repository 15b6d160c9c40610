"""Counts the requests and texts that the server is handling, and refuses more than the limit."""

from collections.abc import Iterator
from contextlib import contextmanager

from tandem.serving.refusals import Refusal
from tandem.terminal import counted

_RETRY = {"Retry-After": "1"}


class Gate:
    """Counts the requests and texts that were accepted and have no answer yet."""

    def __init__(self, most_texts: int) -> None:
        """Accept at most `most_texts` texts at a time, and as many requests, since their bodies are in memory."""
        self._most = most_texts
        self.requests = 0
        self.texts = 0
        self.stopping = False
        """Whether the server is shutting down: it answers what it has accepted, and accepts nothing more."""

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request while the block runs."""
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    def check_stopping(self) -> None:
        """Raise Refusal if the server is shutting down."""
        if self.stopping:
            raise Refusal(503, "the server is shutting down: ask another one", {**_RETRY, "Connection": "close"})

    def check(self) -> None:
        """Raise Refusal if no further text would be accepted, so that no body is read for nothing."""
        self.check_stopping()
        if max(self.texts, self.requests - 1) >= self._most:  # the current request is already counted
            raise self._busy()

    @contextmanager
    def letting_in(self, texts: int) -> Iterator[None]:
        """Count texts while the block runs. Raise Refusal if there would be too many."""
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
            f"{counted(max(self.texts, self.requests - 1), 'text')} already waiting for an answer: try again later",
            _RETRY,
        )
