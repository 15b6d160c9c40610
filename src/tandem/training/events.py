"""What happens in a training, as values: the loop yields them, recorders and the live display listen."""

from dataclasses import dataclass, field
from typing import TypeAlias

from tandem.training.schedule import count_steps


@dataclass(frozen=True)
class Sample:
    """One validation sentence, as a person reads it."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Validation:
    """What the model was worth on the validation corpus at one moment."""

    loss: float
    """Teacher-forced negative log-likelihood in nats per target token, `<eos>` included."""
    scores: dict[str, float] = field(default_factory=dict)
    """Scores of the translations by name, such as `{"bleu": 23.4}`; empty when none were made."""
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Started:
    """The training begins, or goes on from a resumed state."""

    epochs: float
    """The last may be a part of one."""
    steps_per_epoch: int
    """Optimiser steps in one epoch."""
    parameters: int
    """Trainable weights, each shared weight counted once."""
    first_step: int = 0
    """Optimiser steps that were done before: 0 for a new run."""
    first_epoch: int = 0
    """Epochs that were done and validated before."""

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return count_steps(self.epochs, self.steps_per_epoch)


@dataclass(frozen=True)
class StepDone:
    """One optimiser step."""

    epoch: int
    """Counted from 1."""
    step: int
    """Optimiser steps since the start of the run, this one included."""
    loss: float
    """Negative log-likelihood in nats per target token of this step's batch, without label smoothing."""
    tokens_per_second: float
    """Target tokens (`<eos>` included, padding not) per second of this step."""
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    teacher_forcing_ratio: float


@dataclass(frozen=True)
class Validated:
    """An epoch's validation."""

    epoch: int
    step: int
    train_loss: float
    """Mean over the epoch's target tokens, in nats per token, without label smoothing."""
    validation: Validation
    best: bool
    """Whether this is the best so far by the recipe's criterion."""
    epoch_seconds: float
    """Training time of this epoch, validation excluded."""


@dataclass(frozen=True)
class Finished:
    """The training is over."""

    reason: str
    """Such as "all 12 epochs done", "no better for 5 validations" or "interrupted"."""
    best_epoch: int
    """The epoch whose weights are kept; 0 when none was validated."""
    seconds: float
    """Wall-clock time of this session of the run, validations included."""


Event: TypeAlias = Started | StepDone | Validated | Finished
