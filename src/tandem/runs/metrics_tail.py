"""A run's metrics.jsonl while it grows: its rows by number, and what they say of the training. Reads without torch."""

import json
import os
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from tandem.errors import CheckpointError
from tandem.files.paths import ordinary

METRICS = "metrics.jsonl"
MOST_ROWS = 5_000
"""Rows that are returned at a time."""
MOST_VALIDATIONS = 1_000
"""Validations whose samples are returned: the last ones."""
_MOST_BYTES = 2**22
"""Bytes of the rows that are returned at a time, unless a single row has more."""
_MOST_LINE = 2**24
_ROWS = 2**32
"""A place in the file is `generation * _ROWS + row`, which a JavaScript number holds exactly."""
_GENERATIONS = 2**20


class Rows(NamedTuple):
    """Some rows of a metrics file."""

    rows: list[dict[str, Any]]
    next: int
    """The place of the row after the last one, which the next call takes."""
    restarted: bool
    """Whether the file is no longer the one that the place was in; then there are no rows, and `next` is 0."""


class SampleRow(BaseModel):
    """A sentence of the validation corpus, and its translation."""

    source: str
    reference: str
    translation: str


class ValidationRow(BaseModel):
    """What a validation wrote of its samples."""

    epoch: int
    samples: list[SampleRow]


@dataclass
class Standing:
    """What the rows of a metrics file say of a training."""

    epochs: float | None = None
    """The number of epochs of the whole training."""
    steps: int | None = None
    """The number of optimiser steps of the whole training."""
    epoch: int | None = None
    step: int = 0
    scores: dict[str, Any] = field(default_factory=dict)
    """The scores of the last validation."""
    ended: str | None = None
    """Why the training ended; None where its last row says nothing of an end."""


class MetricsTail:
    """Reads a metrics file again and again, each time only what is new. Calls may come from several threads.

    The file need not exist yet. A last line without its line end is still being written, and is no row. A training that
    is resumed puts a new file in the place of the old one; that is noticed.
    """

    def __init__(self, path: Path) -> None:
        """Read the file at `path`, from the first call on."""
        self._path = path
        self._lock = threading.Lock()
        self._forget(0)

    def rows(self, place: int) -> Rows:
        """Return the rows from a place on: a row's number, or the `next` of an earlier call. At most 5,000 rows.

        Raise CheckpointError where the file is damaged or cannot be read.
        """
        with self._lock, self._caught_up() as file:
            generation, first = divmod(place, _ROWS)
            count = len(self._ends) - 1
            if first > count or generation not in (0, self._generation):
                return Rows([], 0, restarted=True)
            last = min(first + MOST_ROWS, count)
            while last > first + 1 and self._ends[last] - self._ends[first] > _MOST_BYTES:
                last = first + (last - first) // 2
            rows = [self._row(file, number) for number in range(first, last)]
            return Rows(rows, self._generation * _ROWS + last, restarted=False)

    def standing(self) -> Standing:
        """Return what the rows say so far. Raise CheckpointError as `rows` does."""
        with self._lock, self._caught_up():
            return replace(self._standing)

    def validations(self) -> list[ValidationRow]:
        """Return the last 1,000 validations. Raise CheckpointError as `rows` does."""
        with self._lock, self._caught_up() as file:
            rows = [self._row(file, number) for number in self._validated[-MOST_VALIDATIONS:]]
        try:
            return list(map(ValidationRow.model_validate, rows))
        except ValidationError as error:
            raise CheckpointError(
                f"{self._path}: damaged: a row of a validation lacks its epoch or its samples"
            ) from error

    @contextmanager
    def _caught_up(self) -> Iterator[IO[bytes] | None]:
        """Take in what is new. Yield the file, which is None where there is none yet."""
        try:
            file = ordinary(self._path).open("rb")
        except FileNotFoundError:
            self._forget(0)
            yield None
            return
        except OSError as error:
            raise CheckpointError(f"{self._path}: cannot be read: {error.strerror or error}") from error
        with file:
            status = os.fstat(file.fileno())
            generation = status.st_ino % _GENERATIONS or 1
            if generation != self._generation or status.st_size < self._ends[-1]:
                self._forget(generation)
            file.seek(self._ends[-1])
            while (line := file.readline(_MOST_LINE)).endswith(b"\n"):
                self._take(line)
            if len(line) == _MOST_LINE:
                raise self._damaged(line)
            yield file

    def _forget(self, generation: int) -> None:
        self._generation = generation
        self._ends = array("q", [0])
        """The offset at which each row ends, after that at which the first one begins."""
        self._validated: list[int] = []
        self._standing = Standing()

    def _row(self, file: IO[bytes] | None, number: int) -> dict[str, Any]:
        assert file is not None  # without a file there are no rows
        file.seek(self._ends[number])
        return self._parsed(file.read(self._ends[number + 1] - self._ends[number]), number)

    def _take(self, line: bytes) -> None:
        """Take in the next row."""
        row, now = self._parsed(line, len(self._ends) - 1), self._standing
        match row.get("event"):
            case "started":
                now.epochs, per_epoch = _number(row.get("epochs")), _number(row.get("steps_per_epoch"))
                # As tandem.training.schedule.count_steps, whose package needs torch.
                now.steps = max(1, round(now.epochs * per_epoch)) if now.epochs and per_epoch else None
            case "validated":
                self._validated.append(len(self._ends) - 1)
                scores = row.get("scores")
                now.scores = scores if isinstance(scores, dict) else {}
        now.ended = str(row.get("reason")) if row.get("event") == "finished" else None
        now.step = row["step"]
        if isinstance(epoch := row.get("epoch"), int):
            now.epoch = epoch
        self._ends.append(self._ends[-1] + len(line))

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("step"), int):
            raise self._damaged(line, number)
        return row

    def _damaged(self, line: bytes, number: int | None = None) -> CheckpointError:
        start = line[:60].decode("utf-8", "replace").rstrip()
        place = (len(self._ends) - 1 if number is None else number) + 1
        return CheckpointError(
            f"{self._path}, line {place}: must be a JSON object with a step, but is {start!r}. The file is damaged "
            "there; delete that line"
        )


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None
