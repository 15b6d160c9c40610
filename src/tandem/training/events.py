"""The events of a training, as values: the loop yields them, recorders and the live display receive them."""

from dataclasses import dataclass, field
from typing import TypeAlias

from tandem.training.schedule import count_steps


@dataclass(frozen=True)
class Sample:
    """A validation sentence with its translation, as text."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Validation:
    """What the model is worth on the validation corpus."""

    loss: float  # teacher-forced negative log-likelihood in nats per target token, `<eos>` included
    scores: dict[str, float] = field(default_factory=dict)
    """Scores of the translations by name, such as `{"bleu": 23.4}`; empty where none were computed."""
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Started:
    """The training begins, or goes on from a resumed state."""

    epochs: float  # the number of epochs; the last may be a part of one
    steps_per_epoch: int  # the number of optimiser steps in an epoch
    parameters: int  # the number of trainable weights; a shared weight counts once
    first_step: int = 0  # the number of optimiser steps completed before; 0 for a new run
    first_epoch: int = 0  # the number of epochs completed and validated before

    @property
    def total_steps(self) -> int:
        """The number of optimiser steps of the whole run."""
        return count_steps(self.epochs, self.steps_per_epoch)


@dataclass(frozen=True)
class StepDone:
    """An optimiser step is completed."""

    epoch: int  # the number of the epoch, counted from 1
    step: int  # the number of optimiser steps since the start of the run, this one included
    loss: float  # negative log-likelihood in nats per target token of this step, without label smoothing
    tokens_per_second: float  # target tokens (`<eos>` included, padding not) per second of this step
    learning_rate: float
    gradient_norm: float  # norm of the gradient before clipping
    teacher_forcing_ratio: float


@dataclass(frozen=True)
class Validated:
    """An epoch is completed and validated."""

    epoch: int
    step: int
    train_loss: float  # mean loss over the epoch's target tokens, in nats per token, without label smoothing
    validation: Validation
    best: bool  # whether this is the best so far by the recipe's criterion
    epoch_seconds: float  # training time of this epoch in seconds, without the validation


@dataclass(frozen=True)
class Finished:
    """The training is over."""

    reason: str  # why it ended, such as "all 12 epochs done", "no better for 5 validations" or "interrupted"
    best_epoch: int  # the epoch whose weights are kept; 0 where none was validated
    seconds: float  # wall-clock time of this session of the run in seconds, validations included


Event: TypeAlias = Started | StepDone | Validated | Finished
