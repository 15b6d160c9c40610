"""What going on with a run takes: saved, found again, pointed to, and older ones removed."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import torch
from pydantic import TypeAdapter
from safetensors.torch import save_file
from torch import Tensor

from tandem.checkpoint import (
    Checkpoint,
    Current,
    load_checkpoint,
    optimizer_tensors,
    read_current,
    read_tensors,
    save_checkpoint,
    write_current,
)
from tandem.errors import CheckpointError
from tandem.files.atomic import flush, writing
from tandem.files.paths import read_text, resolved
from tandem.files.removal import links_in, named_in, remove
from tandem.files.seals import Content, check_directory, unreadable
from tandem.recording import GoingOn
from tandem.runs.layout import CHECKPOINT_LAYOUT, EPOCH, RUN_LAYOUT, SAVED
from tandem.runs.provenance import PROVENANCE
from tandem.training import Progress, Training
from tandem.training.events import StepDone

_OPTIMIZER = "optimizer.safetensors"
_RANDOM = "random.safetensors"
_PROGRESS = "progress.json"
_MOST_PROGRESS = 2**26
"""Bytes of it: far more than the history of any training takes."""
_MOST_NUMBER = 2**53
"""Of steps, tokens, seconds and the like: beyond it floats have gaps."""


@dataclass(frozen=True, kw_only=True)
class _Account(Progress):
    """What is in `progress.json`."""

    held: tuple[StepDone, ...]
    corpus: str


_ACCOUNT = TypeAdapter(_Account)


class ResumeState(NamedTuple):
    """What a run goes on from."""

    checkpoint: Checkpoint
    optimizer: dict[str, Tensor]
    random: dict[str, Tensor]
    progress: Progress
    held: tuple[StepDone, ...]
    """Steps that are in no line of the metrics file yet."""
    corpus: str
    """Which one it was trained on."""

    @property
    def going_on(self) -> GoingOn:
        """The same as recorders take it."""
        return GoingOn(self.progress.epoch, self.progress.step, self.held)


def read_state(out: Path) -> tuple[Current, ResumeState]:
    """What a run's directory names, and what it goes on from. CheckpointError naming what is missing or damaged."""
    for link in links_in(resolved(out), RUN_LAYOUT):
        raise CheckpointError(
            f"{link}: it is a link, and a run that goes on writes to its own files alone. Copy the run with links "
            "followed (cp -rL), or remove this one"
        )
    current = read_current(out)
    folder = out / current.resume
    if not folder.exists():
        raise CheckpointError(
            f"{folder}: missing: what going on takes was removed, so this run can be translated with and no more. "
            "Start a new one, or put it back"
        )
    checkpoint = load_checkpoint(folder)
    check_directory(folder, (_OPTIMIZER, _RANDOM, _PROGRESS))
    try:
        account = _ACCOUNT.validate_json(read_text(folder / _PROGRESS, _MOST_PROGRESS), strict=True)
    except OSError as error:
        raise unreadable(folder / _PROGRESS, error) from error
    except ValueError as error:
        raise CheckpointError(f"{folder / _PROGRESS}: damaged: it is not what Tandem writes there ({error})") from error
    progress = Progress(**{field.name: getattr(account, field.name) for field in fields(Progress)})
    if not _holds_together(account) or current != _current(progress):
        raise CheckpointError(
            f"{folder / _PROGRESS}: damaged: its numbers contradict each other or what current.json names. Copy the "
            "run again, or start anew"
        )
    optimizer, random = (read_tensors(folder / name) for name in (_OPTIMIZER, _RANDOM))
    try:
        for name in ("torch", "coins"):
            torch.Generator().set_state(random[name])
    except (KeyError, RuntimeError, TypeError) as error:
        raise CheckpointError(f"{folder / _RANDOM}: damaged: not the state of a random generator ({error})") from error
    return current, ResumeState(checkpoint, optimizer, random, progress, account.held, account.corpus)


def _holds_together(account: _Account) -> bool:
    """Whether a training can have come this far, whatever its corpus."""
    steps = [account, *account.held]
    numbers = [value for step in steps for value in vars(step).values() if isinstance(value, int | float)]
    return (
        all(-1 < number < _MOST_NUMBER for number in numbers)  # rounding may bring a loss below 0
        and all(map(math.isfinite, account.history))
        and len(account.history) == account.epoch
        and min(account.epoch, 1) <= account.best_epoch <= account.epoch
        and (account.batches > 0) == (account.tokens > 0)
        and len(account.held) <= account.step
        and all(held.step <= account.step for held in account.held)
    )


def _current(progress: Progress) -> Current:
    """What a run's pointer names once so much is saved."""
    best, last = (_epoch(number) if number else None for number in (progress.best_epoch, progress.epoch))
    # An epoch's end may be saved before its validation and after: what the pointer names is never written over.
    validated = progress.epoch > 0 and not progress.batches
    return Current(best, last, f"resume/step-{progress.step:08d}{'-validated' if validated else ''}")


def _epoch(number: int) -> str:
    return f"checkpoints/epoch-{number:03d}"


class Savings:
    """What is saved of one run, as its `current.json` names it."""

    def __init__(
        self,
        out: Path,
        corpus: str,
        keep_last: int,
        current: Current | None,
        progress: Progress | None,
        provenance: str,
    ) -> None:
        """`keep_last`: how many stay. `current` and `progress`: what was saved before, where the run goes on.

        `provenance`: what each checkpoint says of where it was trained, the content of its `provenance.json`.
        """
        self.current = current
        self._out = out
        self._corpus = corpus
        self._keep_last = keep_last
        self._saved = progress
        self._provenance = provenance

    def save(
        self, checkpoint: Checkpoint, optimizer: torch.optim.Optimizer, training: Training, held: tuple[StepDone, ...]
    ) -> None:
        """Save what going on takes; after a validation also the checkpoint, as the last and perhaps the best one.

        CheckpointError where it cannot be written: what was saved before stands.
        """
        out, progress = self._out, training.progress
        origin: dict[str, Content] = {PROVENANCE: self._provenance}
        if progress == self._saved:
            return
        current = _current(progress)
        if current.last and not progress.batches:  # it was validated this moment
            self._write(checkpoint, out / current.last, origin)
        tensors, random = optimizer_tensors(optimizer), training.random_state()
        more = {"held": [asdict(step) for step in held], "corpus": self._corpus}
        content = json.dumps(asdict(progress) | more, indent=2) + "\n"
        self._write(
            checkpoint._replace(calibration=None),  # the next validation learns a new one
            out / current.resume,
            {
                _OPTIMIZER: lambda path: save_file(tensors, path),
                _RANDOM: lambda path: save_file(random, path),
                _PROGRESS: content,
                **origin,
            },
        )
        with writing(out / "metrics.jsonl"):
            flush(out / "metrics.jsonl")  # what it tells by now must not be lost where the state is not
        write_current(out, current)
        self.current, self._saved = current, progress
        self.tidy()

    def _write(self, checkpoint: Checkpoint, directory: Path, more: Mapping[str, Content]) -> None:
        """Write a checkpoint in place of what a run that was cut off left there: nothing points to that."""
        with writing(directory):
            remove(directory, CHECKPOINT_LAYOUT)
        save_checkpoint(checkpoint, directory, more)

    def tidy(self) -> None:
        """Remove older states and checkpoints, and what a run that was cut off left.

        What has another name than a saving gives, or is a link, is not Tandem's, and stays.
        """
        if self.current is None:
            return
        needed = {self._out / name for name in (self.current.best, self.current.last, self.current.resume) if name}
        if self.current.last:
            # What stands behind the last one was never pointed to.
            last = self._out / self.current.last
            found = [f for f in last.parent.glob("*") if EPOCH.fullmatch(f.name) and _place(f) <= _place(last)]
            needed |= set(sorted(found, key=_place)[-self._keep_last :])
        with writing(self._out):
            for kind, layout in SAVED.items():
                for folder, inner in named_in(self._out / kind, layout):
                    if folder not in needed:
                        remove(folder, inner)


def _place(checkpoint: Path) -> tuple[int, str]:
    """Where a checkpoint stands among those of a run, which may have more than 999."""
    return len(checkpoint.name), checkpoint.name
