"""A whole training on standard error: what is said before it, how the preparing goes on, and its events."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from tandem.recording.console import PrintableConsole
from tandem.recording.live import live_display
from tandem.recording.preparing import PreparingBar, announce
from tandem.recording.recorder import Recorder


class TrainingDisplay(NamedTuple):
    """What a training is to call so that it is shown."""

    say: Callable[[str], None]
    hear: Callable[[str, int, int | None], object]
    recorders: Sequence[Recorder]


@contextmanager
def training_display(wanted: bool) -> Iterator[TrainingDisplay]:
    """A display on standard error, or one that shows nothing where none is `wanted`."""
    if not wanted:
        yield TrainingDisplay(lambda _: None, lambda *_: None, ())
        return
    console = PrintableConsole(stderr=True)
    preparing = PreparingBar(console)

    def say(line: str) -> None:
        preparing.close()
        announce(console, line)

    try:
        yield TrainingDisplay(say, preparing, (live_display(console),))
    finally:
        preparing.close()
