"""The state that a run resumes from: how it is saved, pointed to and read, and how older states are removed."""

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
    load_checkpoint,
    optimizer_tensors,
    read_tensors,
    read_weights,
    save_checkpoint,
    weight_tensors,
)
from tandem.errors import CheckpointError
from tandem.files.atomic import flush, writing
from tandem.files.paths import read_text, resolved
from tandem.files.removal import Layout, links_in, named_in, names, remove
from tandem.files.seals import UNFINISHED, Content, check_directory, unreadable
from tandem.model_paths import Current, read_current, write_current
from tandem.models import Seq2Seq
from tandem.runs.provenance import PROVENANCE
from tandem.training import LoopProgress, TrainingLoop
from tandem.training.events import StepDone

_OPTIMIZER = "optimizer.safetensors"
_RANDOM = "random.safetensors"
_TRAINED = "trained.safetensors"
_PROGRESS = "progress.json"
_MOST_PROGRESS = 2**26  # the largest size in bytes: far more than the history of any training takes
_MOST_NUMBER = 2**53  # The largest number of steps, tokens, seconds and the like: beyond it, floats have gaps.

EPOCH, STATE = names(r"epoch-\d{3,}"), names(r"step-\d{8,}(-validated)?")
"""The names of a checkpoint and of a state for resuming."""

CHECKPOINT_LAYOUT: Layout = {
    names(r"(model|optimizer|random|trained)\.safetensors"): None,
    names(r"recipe\.toml|(source|target|features)\.tokenizer\.json"): None,
    names(r"(calibration|provenance|progress|format)\.json"): None,
    names(UNFINISHED): None,
}

_REPLACED = r"recipe\.toml|(provenance|current|scores)\.json|metrics\.jsonl|report\.html|choice\.txt|run\.lock\.json"


def _begun(name: str) -> str:
    """Return a pattern for this name, and for the directory of this name while it is being written."""
    return rf"{name}|\.({name})\.partial"


SAVED: dict[str, Layout] = {
    "checkpoints": {names(_begun(EPOCH.pattern)): CHECKPOINT_LAYOUT},
    "resume": {names(_begun(STATE.pattern)): CHECKPOINT_LAYOUT},
}
"""The folders for checkpoints and for the states for resuming."""

RUN_LAYOUT: Layout = {
    **{names(folder): layout for folder, layout in SAVED.items()},
    names(rf"({_REPLACED})(\.partial)?|run\.lock"): None,
    names("tensorboard"): {names(r"events\.out\.tfevents\..+"): None},
}


@dataclass(frozen=True, kw_only=True)
class _Account(LoopProgress):
    """The content of `progress.json`."""

    held: tuple[StepDone, ...]  # the pending steps: this is their name in the file
    corpus: str


_ACCOUNT = TypeAdapter(_Account)


class ResumeState(NamedTuple):
    """What a run is resumed from."""

    checkpoint: Checkpoint
    trained: Seq2Seq  # the weights that are trained on: the checkpoint's model, unless that is an average of them
    optimizer: dict[str, Tensor]
    random: dict[str, Tensor]
    progress: LoopProgress
    pending_steps: tuple[StepDone, ...]  # the last steps, which are in no line of the metrics file yet
    corpus: str  # the key of the corpus that the run was trained on


def read_state(out: Path) -> tuple[Current, ResumeState]:
    """Read what `current.json` names, and the state to resume from. CheckpointError for what is missing or damaged."""
    for link in links_in(resolved(out), RUN_LAYOUT):
        raise CheckpointError(
            f"{link}: this is a link, and a resumed run writes only to files of its own. Copy the run with links "
            "followed (cp -rL), or remove this one"
        )
    current = read_current(out)
    folder = out / current.resume
    if not folder.exists():
        raise CheckpointError(
            f"{folder}: missing: without its state for resuming this run can translate, but not be trained further. "
            "Put it back, or start a new run"
        )
    checkpoint = load_checkpoint(folder)
    averages = checkpoint.recipe.training.average_decay > 0
    check_directory(folder, (_OPTIMIZER, _RANDOM, _PROGRESS, *([_TRAINED] if averages else [])))
    try:
        account = _ACCOUNT.validate_json(read_text(folder / _PROGRESS, _MOST_PROGRESS), strict=True)
    except OSError as error:
        raise unreadable(folder / _PROGRESS, error) from error
    except ValueError as error:
        raise CheckpointError(f"{folder / _PROGRESS}: damaged: it is not what Tandem writes there ({error})") from error
    progress = LoopProgress(**{field.name: getattr(account, field.name) for field in fields(LoopProgress)})
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
    trained = checkpoint.model
    if averages:
        sizes = len(checkpoint.source_tokenizer), len(checkpoint.target_tokenizer)
        trained = read_weights(folder / _TRAINED, checkpoint.recipe, *sizes)
    return current, ResumeState(checkpoint, trained, optimizer, random, progress, account.held, account.corpus)


def _holds_together(account: _Account) -> bool:
    """Return whether any training can have made this progress, whatever its corpus."""
    steps = [account, *account.held]
    numbers = [value for step in steps for value in vars(step).values() if isinstance(value, int | float)]
    return (
        all(-1 < number < _MOST_NUMBER for number in numbers)  # rounding may bring a loss below 0
        and all(map(math.isfinite, account.history))
        and len(account.history) == account.epoch
        and min(account.epoch, 1) <= account.best_epoch <= account.epoch
        and (account.batches > 0) == (account.tokens > 0)
        and len(account.held) <= account.step
        and all(step.step <= account.step for step in account.held)
    )


def _current(progress: LoopProgress) -> Current:
    """Return what `current.json` names once this progress is saved."""
    best, last = (_epoch(number) if number else None for number in (progress.best_epoch, progress.epoch))
    # The end of an epoch may be saved before its validation and after it; no saved state is ever overwritten.
    validated = progress.epoch > 0 and not progress.batches
    return Current(best, last, f"resume/step-{progress.step:08d}{'-validated' if validated else ''}")


def _epoch(number: int) -> str:
    return f"checkpoints/epoch-{number:03d}"


@dataclass
class Savings:
    """The checkpoints and states that are saved of a run, of which `current.json` names the current ones."""

    _out: Path
    _corpus: str  # the key of the corpus that the run is trained on
    _keep_last: int  # the number of checkpoints to keep
    current: Current | None  # what was saved last
    _saved: LoopProgress | None  # the progress that was saved last
    _provenance: str  # the content of `provenance.json` in each checkpoint

    def save(
        self,
        checkpoint: Checkpoint,
        trained: Seq2Seq,
        optimizer: torch.optim.Optimizer,
        loop: TrainingLoop,
        pending_steps: tuple[StepDone, ...],
    ) -> None:
        """Save the state for resuming; after a validation also the checkpoint, as the last and perhaps the best one.

        `trained` has the weights that are trained on: the checkpoint's model, or that of which it is the average.
        `pending_steps` are in no line of the metrics file yet. CheckpointError where a file cannot be
        written; what was saved before stays valid.
        """
        out, progress = self._out, loop.progress
        origin: dict[str, Content] = {PROVENANCE: self._provenance}
        if progress == self._saved:
            return
        current = _current(progress)
        if current.last and not progress.batches:  # the epoch has just been validated
            self._write(checkpoint, out / current.last, origin)
        tensors, random = optimizer_tensors(optimizer), loop.random_state()
        more = {"held": [asdict(step) for step in pending_steps], "corpus": self._corpus}
        content = json.dumps(asdict(progress) | more, indent=2) + "\n"
        state: dict[str, Content] = {
            _OPTIMIZER: lambda path: save_file(tensors, path),
            _RANDOM: lambda path: save_file(random, path),
            _PROGRESS: content,
            **origin,
        }
        if trained is not checkpoint.model:
            weights = weight_tensors(trained, checkpoint.recipe)
            state[_TRAINED] = lambda path: save_file(weights, path)
        # The next validation learns a new calibration.
        self._write(checkpoint._replace(calibration=None), out / current.resume, state)
        with writing(out / "metrics.jsonl"):
            flush(out / "metrics.jsonl")  # its lines must reach the disk no later than the state does
        write_current(out, current)
        self.current, self._saved = current, progress
        self.tidy()

    def _write(self, checkpoint: Checkpoint, directory: Path, more: Mapping[str, Content]) -> None:
        """Write a checkpoint in place of what an interrupted saving left there, which nothing points to."""
        with writing(directory):
            remove(directory, CHECKPOINT_LAYOUT)
        save_checkpoint(checkpoint, directory, more)

    def tidy(self) -> None:
        """Remove older states and checkpoints, and what an interrupted saving left.

        Links, and files with names that no saving gives, are not Tandem's and stay.
        """
        if self.current is None:
            return
        needed = {self._out / name for name in (self.current.best, self.current.last, self.current.resume) if name}
        if self.current.last:
            # Checkpoints of later epochs were never pointed to.
            last = self._out / self.current.last
            epochs = [f for f in last.parent.glob("*") if EPOCH.fullmatch(f.name) and _order(f) <= _order(last)]
            needed |= set(sorted(epochs, key=_order)[-self._keep_last :])
        with writing(self._out):
            for kind, layout in SAVED.items():
                for folder, inner in named_in(self._out / kind, layout):
                    if folder not in needed:
                        remove(folder, inner)


def _order(checkpoint: Path) -> tuple[int, str]:
    """Return the sort key of a checkpoint; a run may have more than 999."""
    return len(checkpoint.name), checkpoint.name
