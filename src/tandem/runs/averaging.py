"""`tandem.average`: several checkpoints of one shape become one, with the mean of their weights."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from tandem.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from tandem.errors import CheckpointError, NotWrittenError
from tandem.files.atomic import writing
from tandem.files.locks import Held, lock
from tandem.recipe import Device, Recipe
from tandem.runs.changes import MAY_CHANGE
from tandem.text.differences import vocabulary_difference
from tandem.translation import Translator, load


def average(models: Sequence[str | Path], *, out: str | Path, device: Device = "auto") -> Translator:
    """Write the mean of the models' weights into the new directory `out`, a checkpoint with the first model's recipe.

    The models are runs (of which the best checkpoint counts) or checkpoints. They must agree in their vocabularies, in
    the direction of the source, and in the section [model] except for dropout. Means are taken in float64, with two
    models in memory at a time. Returns the translator of the result. CheckpointError where the models differ, saying in
    what, where there are none, or where `out` exists.
    """
    where = Path(out)
    if os.path.lexists(where):
        raise CheckpointError(f"{where} already exists, and is not overwritten. Choose another name, or remove it")
    paths = [Path(model) for model in models]
    if not paths:
        raise CheckpointError("there is nothing to average: name at least one run or checkpoint")
    mean = load_checkpoint(paths[0])
    sums = {name: weight.double() for name, weight in mean.model.state_dict().items()}
    for path in paths[1:]:
        other = load_checkpoint(path)
        _check_alike(paths[0], mean, path, other)
        for name, weight in other.model.state_dict().items():
            sums[name] += weight
    with torch.no_grad():
        for name, weight in mean.model.state_dict().items():
            weight.copy_(sums[name] / len(paths))
    try:
        with _alone(where):
            save_checkpoint(mean._replace(calibration=None), where)  # a calibration belongs to the outputs of one model
    except NotWrittenError as error:
        raise CheckpointError(str(error)) from error
    return load(where, device=device)


@contextmanager
def _alone(where: Path) -> Iterator[None]:
    """Keep other processes from writing this checkpoint. CheckpointError where one is writing it."""
    with writing(where):
        where.parent.mkdir(parents=True, exist_ok=True)
    try:
        with lock(where.with_name(f".{where.name}.lock"), lambda _: None, temporary=True):
            yield
    except Held:
        raise CheckpointError(
            f"{where}: another process is writing it. Wait for that one, or choose another name"
        ) from None


def _check_alike(first: Path, one: Checkpoint, second: Path, other: Checkpoint) -> None:
    """Raise CheckpointError naming the first difference between two models that are to be averaged."""
    remedy = "Only models of one shape and vocabulary can be averaged"
    for (name, wanted), (_, actual) in zip(_settings(one.recipe), _settings(other.recipe), strict=True):
        if wanted != actual:
            raise CheckpointError(f"{second}: {name} is {actual} in its recipe.toml, and {wanted} in {first}. {remedy}")
    sides = (
        ("source.tokenizer.json", one.source_tokenizer, other.source_tokenizer),
        ("target.tokenizer.json", one.target_tokenizer, other.target_tokenizer),
    )
    for file, wanted_tokens, actual_tokens in sides:
        difference = vocabulary_difference(wanted_tokens, actual_tokens)
        if difference is not None:
            raise CheckpointError(f"{first} and {second}: {file} is not the same: {difference}. {remedy}")


def _settings(recipe: Recipe) -> Iterator[tuple[str, object]]:
    """Yield the settings, besides the vocabularies, that models must share: those that cannot change in a training."""
    yield "text.reverse_source", recipe.text.reverse_source
    for key, value in recipe.model:
        if (name := f"model.{key}") not in MAY_CHANGE:
            yield name, value
