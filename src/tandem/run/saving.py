"""What going on with a run takes: saved, found again, pointed to, and older ones removed."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
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
from tandem.files import read_text
from tandem.recording import GoingOn
from tandem.run.provenance import PROVENANCE
from tandem.storage import check_directory, flush, writing
from tandem.training import Progress, Training
from tandem.training.events import StepDone

_OPTIMIZER = "optimizer.safetensors"
_RANDOM = "random.safetensors"
_PROGRESS = "progress.json"
_MOST_PROGRESS = 2**26
"""Bytes of it: far more than the history of any training takes."""


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
        saved: dict[str, Any] = json.loads(read_text(folder / _PROGRESS, _MOST_PROGRESS))
        held, corpus = tuple(StepDone(**step) for step in saved.pop("held")), str(saved.pop("corpus"))
        progress = Progress(**saved | {"history": tuple(saved["history"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{folder / _PROGRESS}: damaged ({error!r})") from error
    optimizer, random = (read_tensors(folder / name) for name in (_OPTIMIZER, _RANDOM))
    try:
        for name in ("torch", "coins"):
            torch.Generator().set_state(random[name])
    except (KeyError, RuntimeError, TypeError) as error:
        raise CheckpointError(f"{folder / _RANDOM}: damaged: not the state of a random generator ({error})") from error
    return current, ResumeState(checkpoint, optimizer, random, progress, held, corpus)


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
        origin = {PROVENANCE: lambda path: path.write_text(self._provenance, encoding="utf-8", newline="\n")}
        if progress == self._saved:
            return
        best, last = (self.current.best, self.current.last) if self.current else (None, None)
        validated = progress.epoch > 0 and not progress.batches
        if validated:
            last = f"checkpoints/epoch-{progress.epoch:03d}"
            best = last if progress.best_epoch == progress.epoch else best
            save_checkpoint(checkpoint, out / last, origin)
        # An epoch's end may be saved before its validation and after: what the pointer names is never written over.
        resume = f"resume/step-{progress.step:08d}{'-validated' if validated else ''}"
        tensors, random = optimizer_tensors(optimizer), training.random_state()
        more = {"held": [asdict(step) for step in held], "corpus": self._corpus}
        content = json.dumps(asdict(progress) | more, indent=2) + "\n"
        save_checkpoint(
            checkpoint._replace(calibration=None),  # the next validation learns a new one
            out / resume,
            {
                _OPTIMIZER: lambda path: save_file(tensors, path),
                _RANDOM: lambda path: save_file(random, path),
                _PROGRESS: lambda path: path.write_text(content, encoding="utf-8", newline="\n"),
                **origin,
            },
        )
        with writing(out / "metrics.jsonl"):
            flush(out / "metrics.jsonl")  # what it tells by now must not be lost where the state is not
        self.current, self._saved = Current(best, last, resume), progress
        write_current(out, self.current)
        self.tidy()

    def tidy(self) -> None:
        """Remove older states and checkpoints, and what a run that was cut off left."""
        if self.current is None:
            return
        needed = {self._out / name for name in (self.current.best, self.current.resume) if name}
        if self.current.last:
            # What stands behind the last one was never pointed to.
            last = self._out / self.current.last
            found = sorted((f for f in last.parent.glob("*") if _place(f) <= _place(last)), key=_place)
            needed |= set(found[-self._keep_last :])
        with writing(self._out):
            for kind in ("checkpoints", "resume"):
                for folder in (self._out / kind).glob("*"):
                    if folder not in needed:
                        shutil.rmtree(folder)


def _place(checkpoint: Path) -> tuple[int, str]:
    """Where a checkpoint stands among those of a run, which may have more than 999."""
    return len(checkpoint.name), checkpoint.name
