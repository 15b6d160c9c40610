"""One process's part of a run: its corpora, model, loop, recorders and checkpoints, wired together."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from tandem.build import build_optimizer, build_training_loop, build_weight_average
from tandem.checkpoint import Checkpoint, load_optimizer
from tandem.devices import choose_device, choose_precision, process_device
from tandem.errors import CheckpointError, RecipeError
from tandem.files.atomic import replace_file
from tandem.memory import memory_for
from tandem.metrics.calibration import Calibration
from tandem.models import Seq2Seq
from tandem.recipe import Device, Recipe, dump_recipe
from tandem.recording import MetricsFile, Recorder, ResumePoint, TensorBoard
from tandem.runs.changes import check_changes
from tandem.runs.corpora import GivenPairs, PreparedCorpus, prepare_corpora
from tandem.runs.embeddings import Pretrained, find_vectors
from tandem.runs.new_models import untrained_model
from tandem.runs.provenance import PROVENANCE, Session, provenance_text, read_provenance, this_session
from tandem.runs.saving import ResumeState, Savings, read_state
from tandem.runs.stopping import Stopping
from tandem.runs.validation import CRITERIA, TIES, Validator, validated_on
from tandem.terminal import Notify, OnProgress
from tandem.training import TrainingLoop
from tandem.training.events import Event, Finished, StepDone, Validated
from tandem.training.group import Alone, TrainingGroup

_SMALLER_CORPUS = "Lower data.max_characters, or text.source.max_size and text.target.max_size, or close other programs"
_SMALLER_STEP = (
    "Lower training.batch_size (training.accumulate makes up for it), data.max_tokens or model.hidden, and go on with "
    "--resume, or start anew"
)


class Run:
    """A run in its directory, new or resumed, which `go` trains."""

    def __init__(
        self,
        recipe: Recipe,
        out: Path,
        *,
        device: Device = "auto",
        resume: bool = False,
        given: GivenPairs | None = None,
        verify: bool = False,
        recorders: Sequence[Recorder] = (),
        on_progress: OnProgress = lambda *_: None,
        notify: Notify = lambda _: None,
        command: Sequence[str] = ("tandem.train",),
        group: TrainingGroup | None = None,
        asked: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare the corpora and build everything.

        Of the processes of a `group` only process 0 writes and reports; `asked` says whether this one is to stop.
        `on_progress` follows the preparation of the corpora. `notify` gets what a user should know before the training
        begins. `command` holds the words that the provenance of the run says were typed.
        """
        self.recipe = recipe
        self.out = out
        self._group, self._asked = group or Alone(), asked
        _check_processes(recipe, self._group)
        self.device = process_device(choose_device(device), self._group)
        self.dtype = choose_precision(recipe.training.precision, self.device)
        self._recorders = recorders
        current, state = read_state(out) if resume else (None, None)
        changes = check_changes(state.checkpoint.recipe, recipe, out) if state else []
        vectors = Pretrained() if state else find_vectors(recipe)  # a run that goes on has them in its weights
        self.corpus = self._prepare_corpora(state, given, verify, on_progress, notify)
        self._validator = Validator(recipe, self.corpus, self.device, notify, self._group)
        self.model = untrained_model(recipe, self.corpus, vectors, self.device, notify, on_progress)
        self._optimizer = build_optimizer(recipe, self.model, self.device)
        self._average = build_weight_average(recipe, self.model)
        if state:
            self.model.load_state_dict(state.trained.state_dict())
            self.result.load_state_dict(state.checkpoint.model.state_dict())
            load_optimizer(self._optimizer, state.optimizer, out)
            for sentence in (_resume_sentence(state), *changes):
                notify(sentence)
        notify(f"training on {self.device} in {'bfloat16' if self.dtype == torch.bfloat16 else 'float32'}")
        self._loop = self._build_loop(state)
        self._check_progress()
        # From here on all processes have read what lies in the directory, and process 0 may write there.
        self._group.copy_weights([*self.model.state_dict().values(), *self.result.state_dict().values()])
        done, files = self._loop.progress, {**self.corpus.files, **vectors.files()}
        self._resumed_at = ResumePoint(done.epoch, done.step, state.pending_steps) if state else None
        session = this_session(command, done.step, self.device, self.dtype, files)
        self._sessions = [*(_earlier_sessions(out, notify) if resume else ()), session]
        self._savings = Savings(
            out,
            self.corpus.key,
            recipe.training.keep_last,
            current,
            done if state else None,
            provenance_text([session.portable() for session in self._sessions]),
        )

    def _prepare_corpora(
        self,
        state: ResumeState | None,
        given: GivenPairs | None,
        verify: bool,
        on_progress: OnProgress,
        notify: Notify,
    ) -> PreparedCorpus:
        """Prepare the corpora of the recipe. RecipeError where a resumed run was trained on others."""
        last = state.checkpoint if state else None
        tokenizers = (last.source_tokenizer, last.target_tokenizer) if last else None
        with memory_for("preparing the corpus", _SMALLER_CORPUS), self._group.first():
            corpus = prepare_corpora(
                self.recipe, given, tokenizers=tokenizers, verify=verify, on_progress=on_progress, notify=notify
            )
        if state and state.corpus != corpus.key:
            raise RecipeError(
                f"{self.out}: this is not the corpus that the run has been trained on: its files have changed, or "
                "others were given. Put back what it was trained on, or start a new run"
            )
        for message in corpus.messages:
            notify(message)
        return corpus

    def _build_loop(self, state: ResumeState | None) -> TrainingLoop:
        keep = self.recipe.training.keep
        return build_training_loop(
            self.recipe,
            self.model,
            self._optimizer,
            self.corpus.train,
            self.device,
            self.dtype,
            validate=lambda: self._validator.validate(self.result, self.dtype, self._loop.progress),
            criterion=CRITERIA[keep],
            perfect=TIES if keep == "exact" else 0.0,
            average=self._average,
            group=self._group,
            asked=self._asked,
            progress=state.progress if state else None,
            random_state=state.random if state else None,
        )

    def _check_progress(self) -> None:
        """Raise where the training cannot go on from the progress that was saved."""
        loop, progress = self._loop, self._loop.progress
        steps_of_part = math.ceil(progress.batches / self.recipe.training.accumulate)
        most = progress.epoch * loop.steps_per_epoch + steps_of_part
        if progress.step > most or progress.batches > len(self.corpus.train):
            raise CheckpointError(
                f"{self.out}: damaged: its progress.json tells of more steps than its epochs have. Copy the run again, "
                "or start anew"
            )
        # The rest of a last epoch that was a part of one would be left out.
        cut = not progress.batches and progress.step < progress.epoch * loop.steps_per_epoch
        if cut and progress.step < loop.total_steps:
            raise RecipeError(
                f"{self.out}: training.epochs: this run ended with a part of epoch {progress.epoch}, after step "
                f"{progress.step:,}, and cannot have more. Start a new one with another --out"
            )

    @property
    def result(self) -> Seq2Seq:
        """The model that is validated and saved: the one that is trained, or the average of its last weights."""
        return self.model if self._average is None else self._average.model

    @property
    def history(self) -> tuple[float, ...]:
        """The value of the criterion after each epoch so far; lower is better."""
        return self._loop.progress.history

    @property
    def has_best(self) -> bool:
        """Whether a best checkpoint has been saved."""
        return self._savings.current is not None and self._savings.current.best is not None

    def claim(self) -> None:
        """Write the provenance, by which `refuse_used` recognises what lies in the directory as a run's."""
        replace_file(self.out / PROVENANCE, provenance_text(self._sessions))

    def go(self, stopping: Stopping, until: float = math.inf) -> None:
        """Train to the end, or to the validation of epoch `until` as if the training went on after it.

        The run is saved after every validation and as often as the recipe says. After a signal that `stopping` has
        received, the run is saved, the recorders get a Finished event, and Stopped is raised.
        """
        if self._group.rank > 0:
            self._follow(stopping, until)
            return
        began = time.perf_counter()
        self.claim()
        replace_file(self.out / "recipe.toml", dump_recipe(self.recipe))
        self._savings.tidy()
        metrics = MetricsFile(self.out / "metrics.jsonl", resume_point=self._resumed_at)
        files: list[Recorder] = [metrics, TensorBoard(self.out / "tensorboard", resume_point=self._resumed_at)]
        with ExitStack() as stack:
            for recorder in (*files, *self._recorders):
                stack.callback(recorder.close)
            try:
                self._train(metrics, files, stopping, until)
            except KeyboardInterrupt:
                end = Finished("interrupted", self._loop.progress.best_epoch, time.perf_counter() - began)
                for recorder in (*files, *self._recorders):
                    recorder.record(end)
                raise

    def _train(self, metrics: MetricsFile, files: Sequence[Recorder], stopping: Stopping, until: float) -> None:
        checkpoint = Checkpoint(self.result, self.recipe, self.corpus.source_tokenizer, self.corpus.target_tokenizer)
        saved_at = time.monotonic()
        for event in self._events():
            asked = self._stop_agreed(event)  # read here: a signal during the saving waits for the next event
            # The metrics file comes first: lines about steps that were not saved are dropped when the run goes on.
            for recorder in files:
                recorder.record(event)
            if isinstance(event, Validated):
                checkpoint = checkpoint._replace(calibration=self._calibrate())
            if asked or isinstance(event, Validated) or self._is_due(event, saved_at):
                self._savings.save(checkpoint, self.model, self._optimizer, self._loop, metrics.pending_steps)
                saved_at = time.monotonic()
            for recorder in self._recorders:
                recorder.record(event)
            if asked and not isinstance(event, Finished):
                stopping.stop()
            if isinstance(event, Validated) and event.epoch >= until:
                break

    def _follow(self, stopping: Stopping, until: float) -> None:
        """Take part in the training of process 0, without writing anything."""
        for event in self._events():
            asked = self._stop_agreed(event)
            if isinstance(event, Validated):
                self._calibrate()
            if asked and not isinstance(event, Finished):
                stopping.stop()
            if isinstance(event, Validated) and event.epoch >= until:
                break

    def _stop_agreed(self, event: Event) -> bool:
        """Return whether a process was asked to stop: at an event, all processes return the same."""
        if isinstance(event, StepDone):
            return self._loop.stop_agreed
        return any(self._group.share(self._asked()))

    def _events(self) -> Iterator[Event]:
        """Yield the events of the training. MemoryShortage where a step is too large."""
        with memory_for("a step of the training", _SMALLER_STEP):
            yield from self._loop.events()

    def _is_due(self, event: Event, saved_at: float) -> bool:
        """Return whether the state for resuming, last saved at the time `saved_at`, is to be saved again."""
        training = self.recipe.training
        return isinstance(event, StepDone) and (
            (training.save_steps is not None and event.step % training.save_steps == 0)
            or time.monotonic() - saved_at >= 60 * training.save_minutes
        )

    def _calibrate(self) -> Calibration | None:
        """Learn a calibration for the best epoch so far; None for another, and for sources that are trained on."""
        progress = self._loop.progress
        if validated_on(self.recipe) == "training" or progress.best_epoch != progress.epoch:
            return None
        return self._validator.calibrate(self.result, self.dtype, progress)


def _resume_sentence(state: ResumeState) -> str:
    return f"going on after step {state.progress.step:,}, in epoch {state.progress.epoch + 1}"


def _check_processes(recipe: Recipe, group: TrainingGroup) -> None:
    """Raise RecipeError where there are more processes than shards."""
    if group.size > recipe.training.shards:
        raise RecipeError(
            f"training.shards is {recipe.training.shards}, but there are {group.size} processes, each of which takes a "
            "shard of each batch: set training.shards to at least that number, or start fewer processes"
        )


def _earlier_sessions(out: Path, notify: Notify) -> list[Session]:
    """Return the earlier sessions of the run; none, with a notice, where they cannot be read: the run still goes on."""
    try:
        return read_provenance(out)
    except CheckpointError as error:
        notify(f"{error}. The run goes on, and its provenance lists this session alone")
        return []
