"""What everything that listens to training events has in common."""

from typing import Protocol

from tandem.training.events import Event


class Recorder(Protocol):
    """Listens to the events of a training."""

    def record(self, event: Event) -> None:
        """Take notice of one event; events come in the order in which they happened."""
        ...

    def close(self) -> None:
        """Write what is still held and let go of files and the terminal; a second call does nothing."""
        ...
