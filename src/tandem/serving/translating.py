"""The interface between HTTP and the search: what the server needs from a model."""

from collections.abc import Callable, Sequence
from typing import Protocol

from tandem.translation.messages import TargetScore, Translation
from tandem.translation.settings import SearchSettings


class Translating(Protocol):
    """A model that translates texts together: each text joins the running search. All calls are from one event loop."""

    @property
    def waiting(self) -> int:
        """The number of texts whose search has not begun."""
        ...

    @property
    def running(self) -> int:
        """The number of texts that are being searched."""
        ...

    async def translate(
        self,
        text: str,
        settings: SearchSettings,
        prefix: str = "",
        *,
        on_step: Callable[[str], object] | None = None,
    ) -> Translation:
        """Translate a text. Raise TandemError if this text has no translation.

        `on_step` is called in the event loop with the best text so far, after each step. Cancelling the task that
        awaits this removes the text from the batch.
        """
        ...

    async def score(self, pairs: Sequence[tuple[str, str]]) -> list[TargetScore]:
        """Score each target given its source. Raise TandemError if one of them has no score."""
        ...

    async def close(self) -> None:
        """Wait until all accepted texts are done. No text may be added after this call."""
        ...


class StepObserver(Protocol):
    """Records the steps of a model; it may be called from any thread."""

    def waited(self, seconds: float) -> None:
        """Record how many seconds a text waited for its search."""
        ...

    def searched(self, texts: int, seconds: float) -> None:
        """Record a step: how many texts took it together, and how many seconds it took."""
        ...
