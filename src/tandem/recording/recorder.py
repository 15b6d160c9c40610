"""What everything that listens to training events has in common."""

from dataclasses import dataclass
from typing import Protocol

from tandem.training.events import Event, StepDone


@dataclass(frozen=True)
class GoingOn:
    """Where a run goes on: what is told of later steps and epochs will happen again."""

    epoch: int
    """Epochs done and validated."""
    step: int
    held: tuple[StepDone, ...] = ()
    """The last of these steps, which are in no record yet."""

    @property
    def recorded(self) -> int:
        """The last step that is in a record."""
        return self.step - len(self.held)


class Recorder(Protocol):
    """Listens to the events of a training."""

    def record(self, event: Event) -> None:
        """Take notice of one event; events come in the order in which they happened."""
        ...

    def close(self) -> None:
        """Write what is still held and let go of files and the terminal; a second call does nothing."""
        ...
