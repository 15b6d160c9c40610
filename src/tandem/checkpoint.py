"""Saves a model with all that translating needs to a directory, and loads it: complete, checked, never pickled."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from tandem.build import build_model
from tandem.errors import CheckpointError
from tandem.files.seals import Content, unreadable, write_directory
from tandem.memory import is_shortage, memory_for, shortage
from tandem.metrics.calibration import Calibration
from tandem.model_files import ModelFiles, read_model_files
from tandem.model_paths import WEIGHTS, is_export, read_models
from tandem.models import Seq2Seq
from tandem.recipe import Recipe
from tandem.text import Tokenizer

_T = TypeVar("_T")

_SOURCE_EMBEDDING, _TARGET_EMBEDDING = "encoder.embedding.weight", "decoder.embedding.weight"
_MOST_HEADER = 2**20
"""The largest header of a safetensors file in bytes: ten times what the largest model takes."""
_MORE_MEMORY = "Close other programs, or use a machine with more memory: a model takes what its file has, twice"


class Checkpoint(NamedTuple):
    """A model and all that translating with it needs."""

    model: Seq2Seq
    recipe: Recipe
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    calibration: Calibration | None = None
    """How well its probabilities predict that an output is right. None: there was too little data to learn it."""

    @property
    def files(self) -> ModelFiles:
        """All but the model."""
        return ModelFiles(*self[1:])


def save_checkpoint(checkpoint: Checkpoint, directory: Path, more: Mapping[str, Content] | None = None) -> None:
    """Write a checkpoint, with `more` files, flushed to disk. Only a complete one ever has this name.

    Raise NotWrittenError where it cannot be written.
    """
    tensors = weight_tensors(checkpoint.model, checkpoint.recipe)
    write_directory(
        directory, {WEIGHTS: lambda path: save_file(tensors, path), **checkpoint.files.texts(), **(more or {})}
    )


def _shared(recipe: Recipe) -> dict[str, str]:
    """Return the tensors that a file lacks, and of each which one it is the same as."""
    embeddings = {_TARGET_EMBEDDING: _SOURCE_EMBEDDING} if recipe.model.tie_embeddings else {}
    return embeddings | ({"decoder.fc_out.weight": _TARGET_EMBEDDING} if recipe.model.tie_output else {})


def weight_tensors(model: Seq2Seq, recipe: Recipe) -> dict[str, Tensor]:
    """Return the weights of a model as they are saved."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    for name in _shared(recipe):
        del tensors[name]
    return tensors


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, or the best one of a run. Raise CheckpointError naming the file that is missing or damaged.

    Every size, type and file name in its files is checked before it is used.
    """
    return read_models([path], lambda directories: _load(*directories))


def _load(directory: Path) -> Checkpoint:
    if is_export(directory):
        raise CheckpointError(
            f"{directory}: this is an export, but a run or a checkpoint is needed. Name the one that it was made from"
        )
    files = read_model_files(directory, [WEIGHTS])
    return Checkpoint(read_weights(directory / WEIGHTS, files.recipe, *files.sizes), *files)


def read_weights(path: Path, recipe: Recipe, source_size: int, target_size: int, features_size: int = 0) -> Seq2Seq:
    """Return the model of a recipe with the weights in a file. Raise CheckpointError where they are not its own."""
    with torch.device("meta"):  # shapes without memory, until the file is known to hold just these
        model = build_model(recipe, source_size, target_size, features_size)
    with memory_for(f"{path}: reading its weights", _MORE_MEMORY):
        _load_weights(model, path, _shared(recipe))
    return model


def _load_weights(model: Seq2Seq, path: Path, shared: Mapping[str, str]) -> None:
    """Give a model without memory the weights in a file, after checking by its header that they fit."""
    wanted = {name: ("F32", list(t.shape)) for name, t in model.state_dict().items() if name not in shared}
    actual = _read_header(path)
    if wanted != actual:
        wrong = sorted(name for name in wanted.keys() | actual.keys() if wanted.get(name) != actual.get(name))
        first = wrong[0]
        raise CheckpointError(
            f"{path}: {first!r} is {_described(actual.get(first))} where the recipe makes "
            f"{_described(wanted.get(first))} ({len(wrong)} such tensors): these files are not of one model"
        )
    tensors = read_tensors(path)
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(
                f"{path}: {name!r} has weights that are infinite or NaN, so nothing that the model computes has a "
                "meaning. Copy it again from where it was trained, or take an earlier checkpoint"
            )
    for name, same in shared.items():
        tensors[name] = tensors[same]
    model.load_state_dict(tensors, assign=True)
    for name, same in shared.items():  # assigned separately, they are one parameter
        model.get_submodule(name.removesuffix(".weight")).weight = model.get_parameter(same)


def _described(tensor: tuple[str, list[int]] | None) -> str:
    return "not there" if tensor is None else f"{tensor[0]} of the shape {tensor[1]}"


def _read_header(path: Path) -> dict[str, tuple[str, list[int]]]:
    """Return type and shape of each tensor of a safetensors file without reading one. CheckpointError if damaged."""
    with _damage_named(path):
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
        if size > _MOST_HEADER:
            raise OSError(f"its header claims {size:,} bytes, and {_MOST_HEADER:,} are the most")
        with safe_open(path, "pt") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
            return {name: (part.get_dtype(), part.get_shape()) for name, part in slices.items()}


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file into memory of the CPU. Raise CheckpointError where it is damaged.

    They are copied since the file would stay mapped otherwise, and Windows cannot remove a mapped file.
    """
    _read_header(path)
    with _damage_named(path):
        return {name: tensor.clone() for name, tensor in load_file(path).items()}


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_shortage(error):
            raise shortage(f"{path}: reading its weights", _MORE_MEMORY, error) from error
        raise unreadable(path, error) from error
    except SafetensorError as error:
        if is_shortage(error):
            raise shortage(f"{path}: reading its weights", _MORE_MEMORY, error) from error
        raise CheckpointError(f"{path}: damaged: {error}. Copy it again") from error
    except RuntimeError as error:  # torch's: it opens the file by itself
        if path.exists():
            raise
        raise unreadable(path, FileNotFoundError()) from error


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the state of an optimiser as flat tensors, "PARAMETER.NAME"."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": value.detach().cpu().contiguous()
        for index, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], origin: str | Path = "resume") -> None:
    """Load what `optimizer_tensors` returned. Raise CheckpointError, naming `origin`, for another optimiser's state."""
    kept = ("momentum_buffer",) if isinstance(optimizer, torch.optim.SGD) else ("step", "exp_avg", "exp_avg_sq")
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    wanted = {
        f"{index}.{name}": torch.Size() if name == "step" else parameter.shape
        for index, parameter in enumerate(parameters)
        for name in kept
    }
    state: dict[int, dict[str, Tensor]] = {}
    wrong = [key for key, t in tensors.items() if t.dtype != torch.float32 or t.shape != wanted.get(key)]
    wrong = wrong or [key for key, t in tensors.items() if key.endswith(".step") and not 0 <= float(t) < math.inf]
    if not wrong:
        for key, value in tensors.items():
            index, _, name = key.partition(".")
            state.setdefault(int(index), {})[name] = value
        wrong = [f"{index}." for index, values in state.items() if len(values) != len(kept)]
    if wrong:
        kind = type(optimizer).__name__
        raise CheckpointError(
            f"{origin}: {wrong[0]!r} is not what {kind} keeps of this model's weights: it is another run's. Copy the "
            "run again, or start anew"
        )
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
