"""The training loop, which yields events and neither prints nor saves."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import torch

from tandem.batches import Batch, Batches
from tandem.errors import TrainingError
from tandem.models import Seq2Seq
from tandem.models.coins import draw_coins
from tandem.models.recurrence import compute_dtype
from tandem.names import GradientPer as GradientPer
from tandem.training.events import Event, Finished, Started, StepDone, Validated, Validation
from tandem.training.forcing import TeacherForcing
from tandem.training.loss import paired_projection_loss, projection_loss, real_tokens
from tandem.training.mixture import copying_loss
from tandem.training.random_state import RandomState, borrowed, read_state, write_state
from tandem.training.schedule import Schedule, count_steps
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
        progress: LoopProgress | None = None,
        random_state: RandomState | None = None,
    ) -> None:
        """Set up the training on its device.

        `validate` measures the current model, and `criterion` turns the validation into the value that is to be
        lowered. At a value of `perfect` or less, no user would notice an improvement. `average` takes in the weights
        after each optimiser step. A resumed training gets the `progress` and the `random_state()` of the stopped one.
        """
        self.progress = progress or LoopProgress()
        self._resumed_random_state = random_state
        self._generators = read_state(fabric.device)
        self._coins = torch.Generator()
        self._model = model
        self._wrapped, self._optimizer = fabric.setup(model, optimizer)
        self._wrapped.mark_forward_method("features")
        self._wrapped.mark_forward_method("compared_features")
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
        nll = 0.0
        for batch in group:
            steps, columns = batch.target.shape
            coins = draw_coins(steps - 1, columns, ratio, by_token=self._forcing.by_token, generator=self._coins)
            objective, batch_nll = self._batch_loss(batch.to(self._fabric.device), coins)
            self._fabric.backward(objective / share)
            nll += float(batch_nll)
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

    def _batch_loss(self, batch: Batch, coins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the objective and the negative log-likelihood, summed over the tokens of a batch without padding."""
        if self._settings.r_drop:
            return self._paired_loss(batch, coins)
        smoothing = self._settings.label_smoothing
        if batch.copies is not None:
            with self._fabric.autocast():
                ids = batch.source, batch.target, coins, batch.source_lengths
                read = self._wrapped.compared_features(*ids, batch.copies)
                dtype = compute_dtype(read.features)
            return copying_loss(self._model, batch, read, smoothing=smoothing, dtype=dtype)
        with self._fabric.autocast():
            features = self._wrapped.features(batch.source, batch.target, coins, batch.source_lengths)
            dtype = compute_dtype(features)
        real = real_tokens(batch.target, batch.target_lengths)
        output = self._model.decoder.fc_out
        return projection_loss(
            features.flatten(0, 1).index_select(0, real),
            output.weight,
            output.bias,
            batch.target[1:].flatten().index_select(0, real),
            smoothing=smoothing,
            dtype=dtype,
        )

    def _paired_loss(self, batch: Batch, coins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what `_batch_loss` does, for a batch that is read twice with other dropout: as one of 2 B columns."""
        source, target = batch.source.repeat(1, 2), batch.target.repeat(1, 2)
        coins = coins if coins.dim() == 1 else coins.repeat(1, 2)
        with self._fabric.autocast():
            features = self._wrapped.features(source, target, coins, batch.source_lengths.repeat(2))
            dtype = compute_dtype(features)
        real = real_tokens(batch.target, batch.target_lengths)
        output = self._model.decoder.fc_out
        first, second = (half.flatten(0, 1).index_select(0, real) for half in features.chunk(2, dim=1))
        return paired_projection_loss(
            torch.stack((first, second)),
            output.weight,
            output.bias,
            batch.target[1:].flatten().index_select(0, real),
            smoothing=self._settings.label_smoothing,
            r_drop=self._settings.r_drop,
            dtype=dtype,
        )

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
