"""A directory <-> a model: what translating takes, complete, checked, and nothing pickled."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from tandem.build import build_model
from tandem.errors import CheckpointError, RecipeError
from tandem.models import Seq2Seq
from tandem.recipe import Recipe, dump_recipe, parse_recipe
from tandem.storage import FORMAT_FILE, check_directory, replace_file, write_directory
from tandem.text import Tokenizer

_MODEL = "model.safetensors"
_RECIPE = "recipe.toml"
_SOURCE = "source.tokenizer.json"
_TARGET = "target.tokenizer.json"
_POINTER = "current.json"
_TIED = "decoder.fc_out.weight"


class Checkpoint(NamedTuple):
    """A model and all that translating with it takes."""

    model: Seq2Seq
    recipe: Recipe
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer


@dataclass(frozen=True)
class Current:
    """What a run's `current.json` names, each a path relative to the run's directory."""

    best: str | None
    """None before the first validation, and so is `last`."""
    last: str | None
    resume: str


def save_checkpoint(
    checkpoint: Checkpoint, directory: Path, more: dict[str, Callable[[Path], object]] | None = None
) -> None:
    """Write a checkpoint, flushed to disk, under a name that only a complete one ever has; `more` files with it."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in checkpoint.model.state_dict().items()}
    if checkpoint.recipe.model.tie_output:
        del tensors[_TIED]  # the same tensor as the embedding
    write_directory(
        directory,
        {
            _MODEL: lambda path: save_file(tensors, path),
            _RECIPE: lambda path: path.write_text(dump_recipe(checkpoint.recipe), encoding="utf-8"),
            _SOURCE: lambda path: checkpoint.source_tokenizer.save(path),
            _TARGET: lambda path: checkpoint.target_tokenizer.save(path),
            **(more or {}),
        },
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, or the best one of a run. CheckpointError naming the file that is missing or damaged."""
    directory = checkpoint_of(path)
    check_directory(directory, (_MODEL, _RECIPE, _SOURCE, _TARGET))
    try:
        recipe = parse_recipe((directory / _RECIPE).read_text(encoding="utf-8"), str(directory / _RECIPE))
    except (RecipeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{directory / _RECIPE}: not the recipe of this format: {error}") from error
    source, target = Tokenizer.load(directory / _SOURCE), Tokenizer.load(directory / _TARGET)
    model = build_model(recipe, len(source), len(target))
    _load_weights(model, read_tensors(directory / _MODEL), recipe.model.tie_output, directory / _MODEL)
    return Checkpoint(model, recipe, source, target)


def _load_weights(model: Seq2Seq, tensors: dict[str, Tensor], tied: bool, path: Path) -> None:
    wanted = {name: t.shape for name, t in model.state_dict().items() if not (tied and name == _TIED)}
    found = {name: t.shape for name, t in tensors.items()}
    if wanted != found:
        wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        first = wrong[0]
        raise CheckpointError(
            f"{path}: {first} has the shape {found.get(first)} where the recipe makes {wanted.get(first)} "
            f"({len(wrong)} such tensors): these files are not of one model"
        )
    if tied:
        tensors = {**tensors, _TIED: tensors["decoder.embedding.weight"]}
    model.load_state_dict(tensors)


def checkpoint_of(path: Path) -> Path:
    """The checkpoint that `path` means: itself, or where it is a run's directory the run's best."""
    if (path / _POINTER).exists():
        current = read_current(path)
        if current.best is None:
            raise CheckpointError(
                f"{path}: this run has no best checkpoint yet: it gets one at its first validation. Go on with it "
                f"(tandem train --resume --out {path}), or name its newest state: {path / current.resume}"
            )
        return path / current.best
    if (path / FORMAT_FILE).exists() or (path / _MODEL).exists():
        return path
    if not path.exists():
        raise CheckpointError(f"{path}: there is no such run or checkpoint")
    raise CheckpointError(
        f"{path}: this is neither a run (no {_POINTER}) nor a checkpoint (no {FORMAT_FILE}). "
        "A run gets its first checkpoint at its first validation"
    )


def read_current(run: Path) -> Current:
    """What the run's pointer names. CheckpointError where it is damaged."""
    path = run / _POINTER
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        best, last, resume = (content[name] for name in ("best", "last", "resume"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path}: missing: {run} holds no run, or one that was stopped before anything of it was saved. "
            "There is nothing to go on from: start anew"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: damaged ({error!r})") from error
    # Before the first validation there is neither a best nor a last.
    for name in [resume] if best is None and last is None else [best, last, resume]:
        if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
            raise CheckpointError(f"{path}: damaged: {name!r} is not a path inside the run")
    return Current(best, last, resume)


def write_current(run: Path, current: Current) -> None:
    """Replace the run's pointer, in one step."""
    content = {"best": current.best, "last": current.last, "resume": current.resume}
    replace_file(run / _POINTER, json.dumps(content, indent=2) + "\n")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU. CheckpointError where it is not one."""
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: damaged: {error}") from error


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state as flat tensors, "PARAMETER.NAME"."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": value.detach().cpu().contiguous()
        for index, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
