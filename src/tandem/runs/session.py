"""One run in its directory: corpora, model, loop, recorders and checkpoints wired together."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from tandem.build import (
    build_fabric,
    build_forcing,
    build_loop_settings,
    build_model,
    build_optimizer,
    build_schedule,
    choose_device,
    choose_precision,
)
from tandem.checkpoint import Checkpoint, is_model, load_optimizer
from tandem.corpora.references import group_references
from tandem.errors import CheckpointError, MemoryShortage, RecipeError, TandemError, TrainingError
from tandem.files.atomic import replace_file
from tandem.memory import memory_for
from tandem.metrics import bleu, choose_tokenizer, chrf, exact, in_order, leading_scores
from tandem.metrics.calibration import Calibration
from tandem.metrics.fitting import has_bleu
from tandem.models import ParameterCounts, count_parameters
from tandem.preparation.contents import Hear
from tandem.recipe import Device, Recipe, dump_recipe
from tandem.recording import MetricsFile, Recorder, TensorBoard
from tandem.runs.calibrate import calibrate
from tandem.runs.changes import check_changes
from tandem.runs.leftovers import is_unsaved
from tandem.runs.likelihood import likelihood
from tandem.runs.prepare import GivenPairs, PreparedCorpus, prepare
from tandem.runs.provenance import PROVENANCE, Session, provenance_text, read_provenance, this_session
from tandem.runs.room import SMALLER_CORPUS, SMALLER_MODEL, SMALLER_STEP, check_memory
from tandem.runs.saving import Savings, read_state
from tandem.runs.stopping import Stopping
from tandem.text import normalise
from tandem.training import Training
from tandem.training.events import Event, Finished, Sample, StepDone, Validated, Validation
from tandem.translation.members import Member
from tandem.translation.settings import check_beam
from tandem.translation.translator import Translator

_SAMPLES = 3
_TIES = 1e-3
"""What a difference in loss can add to a percentage at most."""
_NO_BLEU = (
    'training.keep is "bleu", which cannot tell one checkpoint from another here: BLEU counts runs of four words, and '
    "no validation target has that many. It is always 0, and the first checkpoint is kept. Set training.keep to exact, "
    "chrf or loss"
)


class Run:
    """One run in its directory: started anew or resumed, trained with `go`."""

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
        hear: Hear = lambda *_: None,
        say: Callable[[str], None] = lambda _: None,
        command: Sequence[str] = ("tandem.train",),
    ) -> None:
        """Prepare the corpora and build everything.

        `hear` is told how the preparing goes on, `say` gets what a user should know before the training begins.
        `command` holds the words that the run's provenance says were typed.
        """
        self.recipe = recipe
        self.out = out
        self.device = choose_device(device)
        self.dtype = choose_precision(recipe.training.precision, self.device)
        self._recorders = recorders
        current, state = read_state(out) if resume else (None, None)
        changes = check_changes(state.checkpoint.recipe, recipe, out) if state else []
        last = state.checkpoint if state else None
        tokenizers = (last.source_tokenizer, last.target_tokenizer) if last else None
        with memory_for("preparing the corpus", SMALLER_CORPUS):
            self.corpus: PreparedCorpus = prepare(
                recipe, given, tokenizers=tokenizers, verify=verify, hear=hear, say=say
            )
        if state and state.corpus != self.corpus.key:
            raise RecipeError(
                f"{out}: this is not the corpus that the run has been trained on: its files have changed, or others "
                "were given. Put back what it was trained on, or start a new run"
            )
        for message in self.corpus.messages:
            say(message)
        targets = [normalise(pair.target) for pair in self.corpus.validation_pairs]
        self._leading_scores = leading_scores(targets)
        self._score_tokenizer = choose_tokenizer(recipe.search.score_tokenize, targets)
        if recipe.training.keep == "bleu" and not has_bleu(targets, self._score_tokenizer):
            say(_NO_BLEU)
        sizes = len(self.corpus.source_tokenizer), len(self.corpus.target_tokenizer)
        check_beam(recipe.search.beam, sizes[1])
        with memory_for("making the model", SMALLER_MODEL):
            check_memory(recipe, sizes)
            self.model = build_model(recipe, *sizes).to(self.device)
        say(_weights(count_parameters(self.model)))
        self._optimizer = build_optimizer(recipe, self.model, self.device)
        if state:
            self.model.load_state_dict(state.checkpoint.model.state_dict())
            load_optimizer(self._optimizer, state.optimizer, out)
            say(f"going on after step {state.progress.step:,}, in epoch {state.progress.epoch + 1}")
            for change in changes:
                say(change)
        precision = "bfloat16" if self.dtype == torch.bfloat16 else "float32"
        say(f"training on {self.device} in {precision}")
        self._training = Training(
            self.model,
            self._optimizer,
            self.corpus.train,
            fabric=build_fabric(self.device, self.dtype),
            schedule=build_schedule(recipe),
            forcing=build_forcing(recipe),
            settings=build_loop_settings(recipe),
            validate=self._validate,
            criterion=_CRITERIA[recipe.training.keep],
            perfect=_TIES if recipe.training.keep == "exact" else 0.0,
            progress=state.progress if state else None,
            random_state=state.random if state else None,
        )
        self._check_room(self._training)
        self._going_on = state.going_on if state else None
        first_step = state.progress.step if state else 0
        session = this_session(command, first_step, self.device, self.dtype, self.corpus.files)
        self._sessions = [*(_earlier_sessions(out, say) if resume else ()), session]
        self._savings = Savings(
            out,
            self.corpus.key,
            recipe.training.keep_last,
            current,
            state.progress if state else None,
            provenance_text([session.portable() for session in self._sessions]),
        )

    def _check_room(self, training: Training) -> None:
        """Raise RecipeError where a run that ended with a part of an epoch is to go on: the rest would be left out.

        CheckpointError where no training can have come as far as this one's progress says.
        """
        done, accumulate = training.progress, self.recipe.training.accumulate
        most = done.epoch * training.steps_per_epoch + math.ceil(done.batches / accumulate)
        if done.step > most or done.batches > len(self.corpus.train):
            raise CheckpointError(
                f"{self.out}: damaged: its progress.json tells of more steps than its epochs have. Copy the run again, "
                "or start anew"
            )
        cut = not done.batches and done.step < done.epoch * training.steps_per_epoch
        if cut and done.step < training.total_steps:
            raise RecipeError(
                f"{self.out}: training.epochs: this run ended with a part of epoch {done.epoch}, after step "
                f"{done.step:,}, and cannot have more. Start a new one with another --out"
            )

    @property
    def validated_on(self) -> str:
        """Which corpus the validation pairs are of."""
        data = self.recipe.data
        return "training" if data.validation is None and data.validation_fraction == 0 else "validation"

    @property
    def history(self) -> tuple[float, ...]:
        """What the training is judged by, after each epoch so far; lower is better."""
        return self._training.progress.history

    @property
    def has_best(self) -> bool:
        """Whether there is a best checkpoint yet."""
        return self._savings.current is not None and self._savings.current.best is not None

    def claim(self) -> None:
        """Write the run's provenance, by which `refuse_used` knows that what lies in the directory is a run's."""
        replace_file(self.out / PROVENANCE, provenance_text(self._sessions))

    def go(self, stopping: Stopping, until: float = math.inf) -> None:
        """Train to the end, or up to the validation of the epoch `until` as if the training went on after it.

        It is saved after every validation and as often as the recipe says. A signal that `stopping` heard is told to
        the recorders and raised as Stopped, once the run is saved.
        """
        began = time.perf_counter()
        self.claim()
        replace_file(self.out / "recipe.toml", dump_recipe(self.recipe))
        self._savings.tidy()
        metrics = MetricsFile(self.out / "metrics.jsonl", going_on=self._going_on)
        files: list[Recorder] = [metrics, TensorBoard(self.out / "tensorboard", going_on=self._going_on)]
        with ExitStack() as stack:
            for recorder in (*files, *self._recorders):
                stack.callback(recorder.close)
            try:
                self._train(metrics, files, stopping, until)
            except KeyboardInterrupt:
                end = Finished("interrupted", self._training.progress.best_epoch, time.perf_counter() - began)
                for recorder in (*files, *self._recorders):
                    recorder.record(end)
                raise

    def _train(self, metrics: MetricsFile, files: Sequence[Recorder], stopping: Stopping, until: float) -> None:
        checkpoint = Checkpoint(self.model, self.recipe, self.corpus.source_tokenizer, self.corpus.target_tokenizer)
        saved = time.monotonic()
        for event in self._events():
            asked = stopping.asked  # now: a signal that comes after the saving waits for the next event
            # The metrics file comes first: what it tells and the state does not is dropped when the run goes on.
            for recorder in files:
                recorder.record(event)
            if isinstance(event, Validated):
                checkpoint = checkpoint._replace(calibration=self._calibrate())
            if asked or isinstance(event, Validated) or self._due(event, saved):
                self._savings.save(checkpoint, self._optimizer, self._training, metrics.held)
                saved = time.monotonic()
            for recorder in self._recorders:
                recorder.record(event)
            if asked and not isinstance(event, Finished):
                stopping.check()
            if isinstance(event, Validated) and event.epoch >= until:
                break

    def _events(self) -> Iterator[Event]:
        """The training's events. MemoryShortage where a step is too large."""
        with memory_for("a step of the training", SMALLER_STEP):
            yield from self._training.events()

    def _due(self, event: Event, saved: float) -> bool:
        """Whether it is time to save what going on takes, which was last done at the time `saved`."""
        training = self.recipe.training
        return isinstance(event, StepDone) and (
            (training.save_steps is not None and event.step % training.save_steps == 0)
            or time.monotonic() - saved >= 60 * training.save_minutes
        )

    def _validate(self) -> Validation:
        batches = self.corpus.validation
        loss = likelihood(self.model, batches.epoch(0), self.device, self.dtype, teacher_forcing=1.0).loss
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss is {loss}; it must not be infinite or NaN.")
        translator, groups = self._translator(), self._validation_groups()
        sources, references = [source for source, _ in groups], [targets for _, targets in groups]
        greedy = translator.search_settings(beam=1)
        try:
            texts = [t.text for t in translator.translate(sources, greedy)]
        except MemoryShortage:
            raise
        except TandemError as error:  # the only other one that a search raises: no output has a probability above zero
            raise self._diverged(str(error)) from error
        lowercase = self.recipe.search.lowercase_scores
        hypotheses = [normalise(text) for text in texts]
        scores = [
            bleu(hypotheses, references, lowercase=lowercase, tokenize=self._score_tokenizer),
            chrf(hypotheses, references, lowercase=lowercase),
            exact(hypotheses, references, lowercase=lowercase),
        ]
        samples = tuple(
            Sample(source, targets[0], text)
            for (source, targets), text in list(zip(groups, texts, strict=True))[:_SAMPLES]
        )
        return Validation(loss, {score.name: score.value for score in in_order(scores, self._leading_scores)}, samples)

    def _translator(self) -> Translator:
        """The model as it is now."""
        return Translator(
            [Member(self.model, self.recipe)],
            self.corpus.source_tokenizer,
            self.corpus.target_tokenizer,
            device=self.device,
            dtype=self.dtype,
        )

    def _validation_groups(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each source of the validation corpus with its references."""
        return group_references(self.corpus.validation_pairs, lowercase=self.corpus.source_tokenizer.lowercase)

    def _calibrate(self) -> Calibration | None:
        """How far the model's probabilities tell whether it is right; None for an epoch that is not the best so far.

        Learnt from validation sources, so None, too, where there are few, or where they are those trained on.
        """
        progress = self._training.progress
        if self.validated_on == "training" or progress.best_epoch != progress.epoch:
            return None
        try:
            return calibrate(self._translator(), self._validation_groups())
        except MemoryShortage:
            raise
        except TandemError as error:  # as in `_validate`
            raise self._diverged(str(error)) from error

    def _diverged(self, what: str) -> TrainingError:
        progress = self._training.progress
        return TrainingError(
            f"step {progress.step} (epoch {progress.epoch + 1}): {what} The run stands as it was saved before. Lower "
            "training.optimizer.learning_rate, set training.clip_norm, or use --set training.precision=float32, and "
            "go on with --resume or start anew"
        )


def _earlier_sessions(out: Path, say: Callable[[str], None]) -> list[Session]:
    """The sessions of the run so far. Where they cannot be read it is said: that is no reason not to go on."""
    try:
        return read_provenance(out)
    except CheckpointError as error:
        say(f"{error}. The run goes on, and tells of this session alone")
        return []


def refuse_used(out: Path) -> None:
    """Raise TrainingError unless a new run's directory is not there, empty, or left by a run that saved nothing."""
    if not out.exists() or (out.is_dir() and is_unsaved(out)):
        return
    if not out.is_dir():
        raise TrainingError(f"{out}: this is a file, and a run needs a directory. Choose another with --out")
    if not is_model(out):
        raise TrainingError(f"{out}: this is not an empty directory, and not a run either. Choose another with --out")
    raise TrainingError(
        f"{out}: this is not an empty directory: it holds a run. Continue it with --resume, choose another directory "
        "with --out, or remove it"
    )


def _weights(counts: ParameterCounts) -> str:
    recurrent = f"{counts.recurrent:,} recurrent ({counts.encoder:,} encoder, {counts.decoder:,} decoder)"
    embeddings = f"{counts.source_embedding:,} source embedding, {counts.target_embedding:,} target embedding"
    return f"weights: {counts.total:,}: {embeddings}, {recurrent}, {counts.output:,} output layer"


def _loss(validation: Validation) -> float:
    return validation.loss


def _lost(name: str) -> Callable[[Validation], float]:
    return lambda validation: 100.0 - validation.scores[name]


def _inexact(validation: Validation) -> float:
    """Percent of outputs that are not right; of equals the lower loss decides, by less than any output counts."""
    loss = validation.loss
    return 100.0 - validation.scores["exact"] + _TIES * loss / (1 + loss)


_CRITERIA = {"loss": _loss, "bleu": _lost("bleu"), "chrf": _lost("chrf"), "exact": _inexact}
