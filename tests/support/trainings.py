"""Small trainings for the tests."""

from collections.abc import Callable, Iterable, Iterator

import torch
from lightning_fabric import Fabric

from tandem.batches import Batches
from tandem.build import build_fabric
from tandem.models import Seq2Seq
from tandem.training import LoopProgress, LoopSettings, Schedule, TeacherForcing, TrainingLoop, WeightAverage
from tandem.training.events import Event, StepDone, Validated, Validation


def cpu() -> Fabric:
    return build_fabric(torch.device("cpu"), torch.float32)


def scripted(losses: Iterable[float]) -> Callable[[], Validation]:
    """A validation that finds these losses, one a call."""
    coming = iter(losses)
    return lambda: Validation(next(coming))


def training(
    model: Seq2Seq,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    settings: LoopSettings,
    *,
    fabric: Fabric | None = None,
    schedule: Schedule | None = None,
    forcing: TeacherForcing | None = None,
    validate: Callable[[], Validation] = lambda: Validation(1.0),
    average: WeightAverage | None = None,
    progress: LoopProgress | None = None,
    random_state: dict[str, torch.Tensor] | None = None,
) -> TrainingLoop:
    return TrainingLoop(
        model,
        optimizer,
        batches,
        fabric=fabric or cpu(),
        schedule=schedule or Schedule(),
        forcing=forcing or TeacherForcing(),
        settings=settings,
        validate=validate,
        criterion=lambda validation: validation.loss,
        average=average,
        progress=progress,
        random_state=random_state,
    )


def sgd(model: Seq2Seq, rate: float = 0.1) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), rate)


def steps_of(events: Iterable[Event]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def validations_of(events: Iterable[Event]) -> Iterator[Validated]:
    return (event for event in events if isinstance(event, Validated))
