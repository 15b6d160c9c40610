"""The same seed gives the same training, and a training that is continued is one that never stopped."""

import copy
from typing import NamedTuple

import pytest
import torch

from tandem.batches import Batches
from tandem.models import CellType, Seq2Seq
from tandem.names import LearningRateSchedule
from tandem.training import LoopProgress, LoopSettings, Schedule, TeacherForcing, TrainingLoop
from tandem.training.events import Started, StepDone, Validated
from tests.support.corpora import random_corpus
from tests.support.models import CELL_TYPES, small_model
from tests.support.trainings import scripted, steps_of, training, validations_of

CORPUS = random_corpus(22)
VALIDATIONS = (1.0, 3.0, 2.0)


class Parts(NamedTuple):
    model: Seq2Seq
    optimizer: torch.optim.Optimizer

    def copy_from(self, other: "Parts") -> None:
        """Weights and optimiser state, as a checkpoint keeps them."""
        self.model.load_state_dict(copy.deepcopy(other.model.state_dict()))
        self.optimizer.load_state_dict(copy.deepcopy(other.optimizer.state_dict()))


def parts(cell_type: CellType = "lstm", weights_seed: int = 3) -> Parts:
    model = small_model(cell_type, source=12, dropout=0.3, seed=weights_seed)
    return Parts(model, torch.optim.Adam(model.parameters(), 0.01))


def a_training(
    built: Parts,
    *,
    seed: int = 1,
    batch_seed: int = 1,
    by_token: bool = False,
    schedule: LearningRateSchedule = "linear",
    progress: LoopProgress | None = None,
    random_state: dict[str, torch.Tensor] | None = None,
) -> TrainingLoop:
    """All that has chance in it: dropout, sampled feeding, shuffled batches; and a rate that changes."""
    done = progress.epoch if progress else 0
    return training(
        *built,
        Batches(CORPUS, 4, batch_seed),
        LoopSettings(epochs=3, seed=seed),
        schedule=Schedule(schedule, warmup_steps=2, halve_after=0.5, halve_every=0.5, patience=1),
        forcing=TeacherForcing("linear", start=0.8, end=0.2, by_token=by_token),
        validate=scripted(VALIDATIONS[done:]),
        progress=progress,
        random_state=random_state,
    )


def losses(run: TrainingLoop) -> list[float]:
    return [event.loss for event in steps_of(run.events())]


@pytest.mark.parametrize("by_token", [False, True])
@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_the_same_seed_gives_the_same_training_bit_for_bit(cell_type: CellType, by_token: bool) -> None:
    one, other = parts(cell_type), parts(cell_type)
    first = losses(a_training(one, by_token=by_token))
    torch.manual_seed(12345)  # what others drew before matters not
    assert losses(a_training(other, by_token=by_token)) == first
    for name, weight in one.model.state_dict().items():
        assert torch.equal(weight, other.model.state_dict()[name]), name


def test_another_seed_gives_another_training() -> None:
    first = losses(a_training(parts()))
    assert losses(a_training(parts(), seed=2)) != first  # dropout and coins
    assert losses(a_training(parts(), batch_seed=2)) != first  # the batches' order
    assert losses(a_training(parts(weights_seed=4))) != first


@pytest.mark.parametrize(("schedule", "by_token"), [("linear", True), ("plateau", False)])
@pytest.mark.parametrize("stop", ["step 2", "step 6", "epoch 1", "step 11", "epoch 2"])
@pytest.mark.parametrize("load_first", [True, False])
def test_a_continued_training_is_one_that_never_stopped(
    schedule: LearningRateSchedule, stop: str, load_first: bool, by_token: bool
) -> None:
    """Bit for bit, whether the optimiser's state is put back before the training is built or after."""
    whole = parts()
    expected = list(a_training(whole, schedule=schedule, by_token=by_token).events())

    stopped = parts()
    run = a_training(stopped, schedule=schedule, by_token=by_token)
    for event in run.events():
        if isinstance(event, StepDone | Validated):
            here = f"step {event.step}" if isinstance(event, StepDone) else f"epoch {event.epoch}"
            if here == stop:
                break
    progress, random_state = run.progress, run.random_state()

    continued = parts(weights_seed=9)
    if load_first:
        continued.copy_from(stopped)
    again = a_training(continued, schedule=schedule, by_token=by_token, progress=progress, random_state=random_state)
    if not load_first:
        continued.copy_from(stopped)
    torch.manual_seed(4321)
    events = list(again.events())

    assert isinstance(events[0], Started)
    assert (events[0].first_step, events[0].first_epoch) == (progress.step, progress.epoch)
    assert progress.step == {"step 2": 2, "step 6": 6, "epoch 1": 6, "step 11": 11, "epoch 2": 12}[stop]
    ours = [figures_of(event) for event in steps_of(events)]
    assert ours == [figures_of(event) for event in steps_of(expected)][progress.step :]
    validated = [(event.epoch, event.train_loss, event.best) for event in validations_of(events)]
    assert validated == [(e.epoch, e.train_loss, e.best) for e in validations_of(expected)][progress.epoch :]
    assert again.progress == LoopProgress(3, 18, 1, VALIDATIONS)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, continued.model.state_dict()[name]), name


def figures_of(event: StepDone) -> tuple[float, ...]:
    """All of a step but how long it took."""
    return (
        event.epoch,
        event.step,
        event.loss,
        event.learning_rate,
        event.gradient_norm,
        event.teacher_forcing_ratio,
    )
