"""How a process of a training tells the one that started it what happens: a JSON object a line."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import IO, Any

from pydantic import TypeAdapter

from tandem import errors
from tandem.errors import TandemError
from tandem.recording import Recorder
from tandem.terminal import Notify, OnProgress
from tandem.training.events import Event, Finished, Started, StepDone, Validated

_EVENTS: Mapping[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Started, StepDone, Validated, Finished)
}
_ERRORS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}


class Relay:
    """Writes what happens to a stream. It is a recorder, and has what `notify` and `on_progress` are."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._turn = threading.Lock()  # a signal's sentence comes from another thread

    def record(self, event: Event) -> None:
        """Relay an event."""
        self._write("event", [type(event).__name__, asdict(event)])

    def close(self) -> None:
        """Do nothing: every line was complete."""

    def notify(self, sentence: str) -> None:
        """Relay a sentence for the user."""
        self._write("sentence", sentence)

    def on_progress(self, task: str, done: int, total: int | None) -> None:
        """Relay how much of a task is done."""
        self._write("progress", [task, done, total])

    def end(self, error: BaseException | None = None) -> None:
        """Relay that the process is about to end, after what all processes agreed on, or with an error for the user."""
        kind = next((kind for kind in type(error).__mro__ if kind.__name__ in _ERRORS), TandemError)
        self._write("end", None if error is None else [kind.__name__, str(error)])

    def _write(self, kind: str, content: Any) -> None:
        with self._turn:
            self._stream.write(json.dumps([kind, content]).encode() + b"\n")
            self._stream.flush()


class Relayed:
    """Reads what a `Relay` has written, and hands it on."""

    def __init__(self, recorders: Sequence[Recorder], on_progress: OnProgress, notify: Notify) -> None:
        self._takers: Mapping[str, Callable[[Any], object]] = {
            "event": self._record,
            "sentence": notify,
            "progress": lambda content: on_progress(*content),
            "end": self._end,
        }
        self._recorders = recorders
        self.ended: dict[int, TandemError | None] = {}
        """Of the processes that have told of their end, by rank: the error for the user, or None."""
        self._rank = 0

    def take(self, rank: int, line: bytes) -> None:
        """Hand on what a line of a process says."""
        kind, content = json.loads(line)
        self._rank = rank
        self._takers[kind](content)

    def _record(self, content: Any) -> None:
        name, values = content
        event = _EVENTS[name].validate_python(values)
        for recorder in self._recorders:
            recorder.record(event)

    def _end(self, content: Any) -> None:
        self.ended[self._rank] = None if content is None else _ERRORS[content[0]](content[1])
