"""One run in its directory: corpora, model, loop, recorders and checkpoints wired together."""

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from tandem.build import (
    build_fabric,
    build_loop_settings,
    build_model,
    build_optimizer,
    build_schedule,
    choose_device,
    choose_precision,
)
from tandem.checkpoint import (
    Checkpoint,
    Current,
    load_checkpoint,
    load_optimizer,
    optimizer_tensors,
    read_current,
    read_tensors,
    save_checkpoint,
    write_current,
)
from tandem.data.pairs import group_references
from tandem.errors import CheckpointError, RecipeError, TandemError, TrainingError
from tandem.metrics import bleu, exact
from tandem.recipe import Device, Recipe, dump_recipe
from tandem.recording import MetricsFile, Recorder, TensorBoard
from tandem.run.likelihood import likelihood
from tandem.run.prepare import GivenPairs, PreparedCorpus, prepare
from tandem.storage import check_directory, write_directory
from tandem.training import Progress, Training
from tandem.training.events import Event, Finished, Sample, Validated, Validation
from tandem.translator import Translator

_SAMPLES = 3


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
        recorders: Sequence[Recorder] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Read the corpora and build everything. `say` gets what a user should know before the training begins."""
        self.recipe = recipe
        self.out = out
        self.device = choose_device(device)
        self.dtype = choose_precision(recipe.training.precision, self.device)
        self._recorders = list(recorders)
        current = read_current(out) if resume else None
        if current is None:
            refuse_used(out)
        last = load_checkpoint(out / current.last) if current else None
        if last:
            _check_fits(recipe, last.recipe, out)
        tokenizers = (last.source_tokenizer, last.target_tokenizer) if last else None
        self.corpus: PreparedCorpus = prepare(recipe, given, tokenizers=tokenizers, say=say)
        out.mkdir(parents=True, exist_ok=True)
        (out / "recipe.toml").write_text(dump_recipe(recipe), encoding="utf-8")
        for message in self.corpus.messages:
            say(message)
        sizes = len(self.corpus.source_tokenizer), len(self.corpus.target_tokenizer)
        self.model = build_model(recipe, *sizes).to(self.device)
        self._optimizer = build_optimizer(recipe, self.model, self.device)
        progress = self._restore(current, last) if current and last else Progress()
        self._current = current
        self._best_saved = progress.best_epoch
        if current:
            say(f"going on after epoch {progress.epoch}, from {out / current.last}")
        precision = "bfloat16" if self.dtype == torch.bfloat16 else "float32"
        say(f"training on {self.device} in {precision}")
        self._training = Training(
            self.model,
            self._optimizer,
            self.corpus.train,
            fabric=build_fabric(self.device, self.dtype),
            schedule=build_schedule(recipe),
            forcing=recipe.training.teacher_forcing.parts(),
            settings=build_loop_settings(recipe),
            validate=self._validate,
            criterion=_CRITERIA[recipe.training.keep],
            progress=progress,
        )
        self._recorders += [
            MetricsFile(out / "metrics.jsonl", keep_until_step=progress.step if resume else None),
            TensorBoard(out / "tensorboard", keep_until_step=progress.step if resume else None),
        ]

    @property
    def saved(self) -> bool:
        """Whether there is a checkpoint yet."""
        return self._current is not None

    def go(self) -> None:
        """Train to the end, saving after every epoch.

        KeyboardInterrupt is told to the recorders and raised again: the last epoch's checkpoint stands.
        """
        began = time.perf_counter()
        try:
            for event in self._training.events():
                if isinstance(event, Validated):
                    self._save(event)
                self._tell(event)
        except KeyboardInterrupt:
            self._tell(Finished("interrupted", self._best_saved, time.perf_counter() - began))
            raise
        finally:
            for recorder in self._recorders:
                recorder.close()

    def _tell(self, event: Event) -> None:
        for recorder in self._recorders:
            recorder.record(event)

    def _validate(self) -> Validation:
        batches = self.corpus.validation
        loss = likelihood(self.model, batches.epoch(0), self.device, self.dtype, teacher_forcing=1.0).loss
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss is {loss}; it must not be infinite or NaN.")
        translator = Translator(
            self.model,
            self.recipe,
            self.corpus.source_tokenizer,
            self.corpus.target_tokenizer,
            device=self.device,
            dtype=self.dtype,
        )
        groups = group_references(self.corpus.validation_pairs)
        sources, references = [source for source, _ in groups], [targets for _, targets in groups]
        greedy = translator.search_settings(beam=1)
        try:
            texts = [t.text for t in translator.translate(sources, greedy)]
        except TandemError as error:  # the only one that a search raises: no output has a probability above zero
            raise self._diverged(str(error)) from error
        lowercase = self.recipe.search.lowercase_scores
        scores = [metric(texts, references, lowercase=lowercase) for metric in (bleu, exact)]
        samples = tuple(
            Sample(source, targets[0], text)
            for (source, targets), text in list(zip(groups, texts, strict=True))[:_SAMPLES]
        )
        return Validation(loss, {score.name: score.value for score in scores}, samples)

    def _diverged(self, what: str) -> TrainingError:
        progress = self._training.progress
        return TrainingError(
            f"step {progress.step} (epoch {progress.epoch + 1}): {what} Nothing of this epoch was kept. Lower "
            "training.optimizer.learning_rate, set training.clip_norm, or use --set training.precision=float32, and "
            "go on with --resume or start anew"
        )

    def _save(self, event: Validated) -> None:
        """Write this epoch's checkpoint and what resuming takes, point to them, and drop those that are past use."""
        name = f"epoch-{event.epoch:03d}"
        checkpoint = Checkpoint(self.model, self.recipe, self.corpus.source_tokenizer, self.corpus.target_tokenizer)
        save_checkpoint(checkpoint, self.out / "checkpoints" / name)
        tensors = optimizer_tensors(self._optimizer)
        progress = json.dumps(asdict(self._training.progress), indent=2) + "\n"
        write_directory(
            self.out / "resume" / name,
            {
                "optimizer.safetensors": lambda path: save_file(tensors, path),
                "progress.json": lambda path: path.write_text(progress, encoding="utf-8"),
            },
        )
        last = f"checkpoints/{name}"
        best = last if event.best or self._current is None else self._current.best
        self._current = Current(best, last, f"resume/{name}")
        write_current(self.out, self._current)
        self._best_saved = self._training.progress.best_epoch
        needed = {self.out / path for path in (best, last, self._current.resume)}
        for folder in (*(self.out / "checkpoints").iterdir(), *(self.out / "resume").iterdir()):
            if folder not in needed:
                shutil.rmtree(folder)

    def _restore(self, current: Current, last: Checkpoint) -> Progress:
        """Put back weights and optimiser state of the last epoch."""
        folder = self.out / current.resume
        check_directory(folder, ("optimizer.safetensors", "progress.json"))
        self.model.load_state_dict(last.model.state_dict())
        load_optimizer(self._optimizer, read_tensors(folder / "optimizer.safetensors"))
        try:
            saved = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
            return Progress(saved["epoch"], saved["step"], saved["best_epoch"], tuple(saved["history"]))
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{folder / 'progress.json'}: damaged ({error!r})") from error


def refuse_used(out: Path) -> None:
    """Raise TrainingError unless the directory for a new run is empty or not there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(
            f"{out}: this is not an empty directory. Choose another with --out, go on with that run with --resume, "
            "or remove it"
        )


def _check_fits(recipe: Recipe, last: Recipe, out: Path) -> None:
    """Raise RecipeError where a run that goes on would need another model, other tokens or another optimiser."""
    wanted, found = recipe.model_dump(), last.model_dump()
    fixed = [("model", name) for name in ("cell", "layers", "hidden", "embedding", "tie_output")]
    fixed += [("text", name) for name in ("source", "target", "reverse_source")]
    fixed += [("training", "keep")]
    changed = [f"{part}.{name}" for part, name in fixed if wanted[part][name] != found[part][name]]
    if recipe.training.optimizer.name != last.training.optimizer.name:
        changed.append("training.optimizer.name")
    if changed:
        raise RecipeError(
            f"{out}: a run that goes on keeps its {', '.join(changed)}. Leave that setting as it is, or start a new run"
        )


def _loss(validation: Validation) -> float:
    return validation.loss


def _lost(name: str) -> Callable[[Validation], float]:
    return lambda validation: 100.0 - validation.scores[name]


_CRITERIA = {"loss": _loss, "bleu": _lost("bleu"), "exact": _lost("exact")}
