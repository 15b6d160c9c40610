"""The training loop, which yields events and neither prints nor saves."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch

from tandem.batches import Batch, Batches
from tandem.errors import TrainingError
from tandem.models import Seq2Seq
from tandem.models.coins import draw_coins
from tandem.names import GradientPer as GradientPer
from tandem.training.events import Event, Finished, Started, StepDone, Validated, Validation
from tandem.training.forcing import TeacherForcing
from tandem.training.gradients import ExactSum, GradientSum, ShardedBatches, WholeBatches
from tandem.training.group import Alone, TrainingGroup
from tandem.training.objective import Objective
from tandem.training.random_state import RandomState, borrowed, read_state, write_state
from tandem.training.schedule import Schedule, count_steps
from tandem.training.shards import Shards
from tandem.training.weight_average import WeightAverage

if TYPE_CHECKING:
    from lightning_fabric import Fabric


_PERFECT = 3  # a training with patience ends after this many perfect validations in a row


@dataclass(frozen=True)
class LoopSettings:
    """The settings of the loop."""

    epochs: float  # the number of epochs; a partial one at the end is validated like a whole one
    label_smoothing: float = 0.0
    r_drop: float = 0.0  # the alpha of R-Drop, which reads each batch twice; 0 reads it once
    gradient_per: GradientPer = "token"
    """The gradient of a step is divided by its target tokens, or its sentences (Sutskever et al. 2014, 3.4)."""
    clip_norm: float | None = 1.0
    """A gradient with a larger norm is scaled to this norm (Sutskever et al. 2014, section 3.4); None for never."""
    accumulate: int = 1  # the number of batches whose gradients make one optimiser step
    shards: int = 1  # the number of parts that each batch is cut into, each with random numbers of its own
    exact_sum: bool = False  # whether the gradients of shards are added in an order that processes do not change
    patience: int | None = None  # it ends after so many validations in a row without a better one; None for never
    seed: int = 1


@dataclass(frozen=True)
class LoopProgress:
    """The progress of a training. Resuming takes it, the weights, the optimiser state and the random state."""

    epoch: int = 0  # the number of epochs completed and validated
    step: int = 0  # the number of optimiser steps completed since the start of the run
    best_epoch: int = 0  # the epoch with the best validation; 0 before the first validation
    history: tuple[float, ...] = ()  # the value of the criterion after each epoch; lower is better
    batches: int = 0  # the number of batches completed in the current epoch
    loss_sum: float = 0.0  # the loss in nats of the current epoch, summed over its target tokens so far
    tokens: int = 0  # the number of target tokens trained on in the current epoch
    seconds: float = 0.0  # the training time of the current epoch so far


class TrainingLoop:
    """The training of a model. `events()` runs it; `progress` and `random_state()` are what resuming needs."""

    def __init__(
        self,
        model: Seq2Seq,
        optimizer: torch.optim.Optimizer,
        batches: Batches,
        *,
        fabric: "Fabric",
        schedule: Schedule,
        forcing: TeacherForcing,
        settings: LoopSettings,
        validate: Callable[[], Validation],
        criterion: Callable[[Validation], float],
        perfect: float = -math.inf,
        average: WeightAverage | None = None,
        group: TrainingGroup | None = None,
        asked: Callable[[], bool] = lambda: False,
        progress: LoopProgress | None = None,
        random_state: RandomState | None = None,
    ) -> None:
        """Set up the training on its device.

        `validate` measures the current model, and `criterion` turns the validation into the value that is to be
        lowered. At a value of `perfect` or less, no user would notice an improvement. `average` takes in the weights
        after each optimiser step. `group` are the processes that train together, and `asked` says whether this one was
        asked to stop. A resumed training gets the `progress` and the `random_state()` of the stopped one.
        """
        self.progress = progress or LoopProgress()
        self._resumed_random_state = random_state
        self._generators = read_state(fabric.device)
        self._coins = torch.Generator()
        self._model = model
        objective = Objective(model, label_smoothing=settings.label_smoothing, r_drop=settings.r_drop)
        wrapped, self._optimizer = fabric.setup(objective, optimizer)
        self._group = group or Alone()
        self._asked = asked
        self.stop_agreed = False
        """Whether a process was asked to stop by the end of the last step: the same in all processes."""
        if settings.shards == 1:
            self._gradients: GradientSum = WholeBatches(fabric, wrapped)
        else:
            kind = ExactSum if settings.exact_sum else ShardedBatches
            shards = Shards(settings.shards)
            self._gradients = kind(fabric, wrapped, objective, self._group, shards, settings.seed)
        self._batches = batches
        self._fabric = fabric
        self._schedule = schedule
        self._forcing = forcing
        self._settings = settings
        self._validate = validate
        self._criterion = criterion
        self._perfect = perfect
        self._average = average
        # Torch's schedulers do the same: "lr" changes at every step, and a saved optimiser state has the changed value.
        self._base_rates = [group.setdefault("initial_lr", group["lr"]) for group in optimizer.param_groups]
        self.steps_per_epoch = math.ceil(len(batches) / settings.accumulate)
        self.total_steps = count_steps(settings.epochs, self.steps_per_epoch)

    def events(self) -> Iterator[Event]:
        """Train to the last epoch, or until patience runs out. TrainingError where a loss is not finite."""
        began = time.perf_counter()
        parameters = sum(p.numel() for p in self._model.parameters() if p.requires_grad)
        done = self.progress
        yield Started(self._settings.epochs, self.steps_per_epoch, parameters, done.step, done.epoch)
        epochs = self._settings.epochs
        reason = "the one epoch is done" if epochs == 1 else f"all {epochs} epochs done"
        while self.progress.epoch < math.ceil(self.total_steps / self.steps_per_epoch):
            if enough := self._reason_to_stop():
                reason = enough
                break
            yield from self._epoch(self.progress.epoch + 1)
        yield Finished(reason, self.progress.best_epoch, time.perf_counter() - began)

    def random_state(self) -> RandomState:
        """Return the states of the generators of dropout (CPU and device) and of the coins, each as bytes."""
        return {**self._generators, "coins": self._coins.get_state()}

    def _restore(self, state: RandomState) -> None:
        self._coins.set_state(state["coins"])
        # On another kind of device dropout cannot be continued: it draws other numbers.
        self._generators |= {name: numbers for name, numbers in state.items() if name in self._generators}

    @contextmanager
    def _own_generators(self) -> Iterator[None]:
        """Set torch's global generators, which dropout draws from, to the states that this training has reached."""
        device = self._fabric.device
        with borrowed(device):
            write_state(self._generators, device)
            yield
            self._generators = read_state(device)

    def _seed(self, epoch: int) -> None:
        """Seed coins and dropout by the epoch, so that a run resumed between epochs equals one that never stopped."""
        seed = self._settings.seed * 1_000_003 + epoch
        self._coins.manual_seed(seed)
        with borrowed(self._fabric.device):
            torch.manual_seed(seed)
            self._generators = read_state(self._fabric.device)

    def _epoch(self, epoch: int) -> Iterator[Event]:
        self._seed(epoch)
        if self.progress.batches and self._resumed_random_state is not None:
            self._restore(self._resumed_random_state)
        self._resumed_random_state = None
        began = time.perf_counter() - self.progress.seconds
        batches = self._batches.epoch(epoch, first=self.progress.batches)
        self._model.train()
        while self.progress.step < self.total_steps and (group := list(islice(batches, self._settings.accumulate))):
            with self._own_generators():
                done = self._step(epoch, group)
            tokens = sum(batch.target_tokens for batch in group)
            self.progress = replace(
                self.progress,
                step=done.step,
                batches=self.progress.batches + len(group),
                loss_sum=self.progress.loss_sum + done.loss * tokens,
                tokens=self.progress.tokens + tokens,
                seconds=time.perf_counter() - began,
            )
            yield done
        self._model.eval()
        validation = self._validate()
        value, so_far = self._criterion(validation), self.progress
        best = not so_far.history or value < min(so_far.history)
        best_epoch = epoch if best else so_far.best_epoch
        self.progress = LoopProgress(epoch, so_far.step, best_epoch, (*so_far.history, value))
        yield Validated(epoch, so_far.step, so_far.loss_sum / so_far.tokens, validation, best, so_far.seconds)

    def _step(self, epoch: int, group: Sequence[Batch]) -> StepDone:
        began = time.perf_counter()
        step = self.progress.step + 1
        factor = self._schedule.rate(step, self.total_steps, self.steps_per_epoch, self.progress.history)
        for param_group, base in zip(self._optimizer.param_groups, self._base_rates, strict=True):
            param_group["lr"] = base * factor
        ratio = self._forcing.ratio(step - 1, self.total_steps)
        tokens = sum(batch.target_tokens for batch in group)
        per_token = self._settings.gradient_per == "token"
        share = tokens if per_token else sum(len(batch.target_lengths) for batch in group)
        coins = [self._draw_coins(step, number, batch, ratio) for number, batch in enumerate(group)]
        nll = self._agreed(self._gradients.add(step, group, coins, share))
        norm = float(torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._settings.clip_norm or float("inf")))
        if not (math.isfinite(nll) and math.isfinite(norm)):
            self._optimizer.zero_grad()
            raise TrainingError(
                f"step {step} (epoch {epoch}): the loss is {nll / tokens} and the gradient's norm {norm}; neither may "
                "be infinite or NaN. Nothing of this step was kept. Lower training.optimizer.learning_rate, set "
                "training.clip_norm, or use --set training.precision=float32, and go on with --resume or start anew"
            )
        self._optimizer.step()
        self._optimizer.zero_grad()
        if self._average is not None:
            self._average.update(step)
        rate = self._optimizer.param_groups[0]["lr"]
        seconds = time.perf_counter() - began
        return StepDone(epoch, step, nll / tokens, tokens / seconds, rate, norm, ratio)

    def _draw_coins(self, step: int, number: int, batch: Batch, ratio: float) -> torch.Tensor:
        """Draw the coins of batch `number` of a step. With shards every process draws the same ones."""
        steps, columns = batch.target.shape
        generator = self._coins
        if self._settings.shards > 1:
            seed = np.random.SeedSequence((self._settings.seed, step, number)).generate_state(1)
            generator = torch.Generator().manual_seed(int(seed[0]))
        return draw_coins(steps - 1, columns, ratio, by_token=self._forcing.by_token, generator=generator)

    def _agreed(self, values: Sequence[float]) -> float:
        """Return the sum of the values of all processes, and learn whether one of them was asked to stop."""
        # Each shard's value has a place of its own, so that adding the processes' rows adds nothing but zeros.
        places = self._settings.shards * self._settings.accumulate if self._group.size > 1 else len(values)
        numbers = torch.zeros(self._group.size * places + 1, dtype=torch.float64)
        numbers[self._group.rank * places :][: len(values)] = torch.tensor(values, dtype=torch.float64)
        numbers[-1] = float(self._asked())
        *values, asked = self._group.add_numbers(numbers).tolist()
        self.stop_agreed = asked > 0
        return math.fsum(values) if self._settings.shards > 1 else sum(values)

    def _reason_to_stop(self) -> str | None:
        """Return why the training ends before its last epoch; None where it goes on."""
        patience, history = self._settings.patience, self.progress.history
        if patience is None or not history:
            return None
        if len(history) >= _PERFECT and max(history[-_PERFECT:]) <= self._perfect:
            return f"perfect for {_PERFECT} validations"
        if self.progress.epoch - self.progress.best_epoch >= patience:
            return f"no better for {patience} validations"
        return None
