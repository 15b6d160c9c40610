"""What the server asks of a model: the seam between HTTP and whatever searches texts together."""

from collections.abc import Callable, Sequence
from typing import Protocol

from tandem.translation.messages import TargetScore, Translation
from tandem.translation.settings import SearchSettings


class Translating(Protocol):
    """A model that translates texts, each joined to those under way. All calls come from one event loop."""

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
        """Translate a text. Raise TandemError where this text has no translation.

        `on_step` is called in the event loop with the best text so far, after each step. Cancelling the task that
        waits takes the text out of the batch.
        """
        ...

    async def score(self, pairs: Sequence[tuple[str, str]]) -> list[TargetScore]:
        """Score each target given its source. Raise TandemError where one of them has no score."""
        ...

    async def close(self) -> None:
        """Return once all texts that were accepted are done. No text comes after this call."""
        ...


class Watching(Protocol):
    """Hears of the steps of a model, from any thread."""

    def waited(self, seconds: float) -> None:
        """Hear how long a text waited for its search."""
        ...

    def searched(self, texts: int, seconds: float) -> None:
        """Hear how many texts took a step together, and how long that took."""
        ...
