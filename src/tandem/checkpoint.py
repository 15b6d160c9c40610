"""Saves a model with all that translating needs to a directory, and loads it: complete, checked, never pickled."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from tandem.build import build_model, sizes_of
from tandem.errors import CheckpointError, RecipeError
from tandem.files.atomic import replace_file
from tandem.files.paths import is_there, read_text
from tandem.files.seals import FORMAT_FILE, Content, check_directory, read_sealed, sealed, unreadable, write_directory
from tandem.memory import is_shortage, memory_for, shortage
from tandem.metrics.calibration import Calibration
from tandem.models import Seq2Seq
from tandem.recipe import Recipe, dump_recipe, load_recipe, portable
from tandem.terminal import shell_command
from tandem.text import Tokenizer
from tandem.text.differences import vocabulary_difference
from tandem.text.features import FeaturesTokenizer

_T = TypeVar("_T")

_MODEL = "model.safetensors"
_RECIPE = "recipe.toml"
_SOURCE = "source.tokenizer.json"
_TARGET = "target.tokenizer.json"
_FEATURES = "features.tokenizer.json"
_CALIBRATION = "calibration.json"
_POINTER = "current.json"
_SOURCE_EMBEDDING, _TARGET_EMBEDDING = "encoder.embedding.weight", "decoder.embedding.weight"
_INSIDE = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
_MOST_POINTER = 2**16
"""The largest size of a run's pointer file, in bytes."""
_MOST_HEADER = 2**20
"""The largest header of a safetensors file in bytes: ten times what the largest model takes."""
_MORE_MEMORY = "Close other programs, or use a machine with more memory: a model takes what its file has, twice"
_NEVER_EDITED = (
    "A checkpoint's recipe is never edited: put the file back as it was, and say how to search on the command line, "
    "such as --beam 5 --length-penalty 1"
)


class Checkpoint(NamedTuple):
    """A model and all that translating with it needs."""

    model: Seq2Seq
    recipe: Recipe
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    calibration: Calibration | None = None
    """How well its probabilities predict that an output is right. None: there was too little data to learn it."""


@dataclass(frozen=True)
class Current:
    """The content of a run's `current.json`: paths relative to the directory of the run."""

    best: str | None
    """The best checkpoint. It is None before the first validation, as is `last`."""
    last: str | None
    resume: str


def save_checkpoint(checkpoint: Checkpoint, directory: Path, more: Mapping[str, Content] | None = None) -> None:
    """Write a checkpoint, with `more` files, flushed to disk. Only a complete one ever has this name.

    Raise NotWrittenError where it cannot be written.
    """
    tensors = weight_tensors(checkpoint.model, checkpoint.recipe)
    texts = {
        _RECIPE: dump_recipe(portable(checkpoint.recipe)),
        _TARGET: checkpoint.target_tokenizer.to_json(),
    }
    source = checkpoint.source_tokenizer
    if isinstance(source, FeaturesTokenizer):
        texts |= {_SOURCE: source.source.to_json(), _FEATURES: source.features.to_json()}
    else:
        texts[_SOURCE] = source.to_json()
    if checkpoint.calibration is not None:
        texts[_CALIBRATION] = sealed(asdict(checkpoint.calibration))
    write_directory(
        directory,
        {
            _MODEL: lambda path: save_file(tensors, path),
            **texts,
            **(more or {}),
        },
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


def read_models(paths: Sequence[Path], read: Callable[[list[Path]], _T]) -> _T:
    """Call `read` with the checkpoint directories that these paths stand for, and return its result.

    A training replaces its best checkpoint and removes the previous one. If a run's pointer changed during the reading
    and the reading failed, it is tried again, so a reader gets either the old best checkpoint or the new one.
    """
    while True:
        before = [_pointer_text(path) for path in paths]
        try:
            return read([checkpoint_of(path) for path in paths])
        except (CheckpointError, OSError):
            if [_pointer_text(path) for path in paths] == before:
                raise


def _pointer_text(path: Path) -> str | None:
    """Return the content of a run's pointer file, or None if the file is missing or cannot be read."""
    try:
        return read_text(path / _POINTER, _MOST_POINTER)
    except (OSError, ValueError):
        return None


def _load(directory: Path) -> Checkpoint:
    listed = check_directory(
        directory, (_MODEL, _RECIPE, _SOURCE, _TARGET), {_RECIPE: _NEVER_EDITED}, optional=(_CALIBRATION, _FEATURES)
    )
    try:
        recipe = load_recipe(directory / _RECIPE)
    except RecipeError as error:
        raise CheckpointError(f"{directory / _RECIPE}: not the recipe of this format: {error}") from error
    if (recipe.text.features is not None) != (_FEATURES in listed):
        raise CheckpointError(
            f"{directory}: its recipe has {'no ' if recipe.text.features is None else ''}features, but {_FEATURES} is "
            f"{'present' if _FEATURES in listed else 'missing'}: these files are not of one model. Copy it again"
        )
    source, target = Tokenizer.load(directory / _SOURCE), Tokenizer.load(directory / _TARGET)
    source = FeaturesTokenizer(source, Tokenizer.load(directory / _FEATURES)) if _FEATURES in listed else source
    if recipe.text.joint and (difference := vocabulary_difference(source, target)):
        raise CheckpointError(
            f"{directory}: its recipe gives both sides one vocabulary, but {difference}, which are source and target: "
            "these files are not of one model"
        )
    model = read_weights(directory / _MODEL, recipe, *sizes_of(source, target))
    calibration = _read_calibration(directory / _CALIBRATION) if _CALIBRATION in listed else None
    return Checkpoint(model, recipe, source, target, calibration)


def _read_calibration(path: Path) -> Calibration:
    """Read the calibration in a file. Raise CheckpointError where it is none."""
    content = read_sealed(path)
    values = [content.get(field.name) for field in fields(Calibration)]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    if len(numbers) < len(values):
        raise CheckpointError(f"{path}: damaged: a calibration is of {len(values)} finite numbers. Copy it again")
    return Calibration(*numbers)


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


def checkpoint_of(path: Path) -> Path:
    """Return the checkpoint that `path` stands for: itself, or the best one of the run in that directory."""
    if is_there(path / _POINTER):
        current = read_current(path)
        if current.best is None:
            command = shell_command("tandem", "train", "--resume", "--out", path)
            raise CheckpointError(
                f"{path}: this run has no best checkpoint yet: it gets one at its first validation. Go on with it "
                f"({command}), or name its newest state: {path / current.resume}"
            )
        if not (path / current.best).is_dir():
            raise CheckpointError(
                f"{path / _POINTER}: it names {current.best}, which is not there. Copy the run again, whole"
            )
        return path / current.best
    if is_model(path):
        return path
    if not is_there(path):
        raise CheckpointError(f"{path}: there is no such run or checkpoint")
    raise CheckpointError(
        f"{path}: this is neither a run (no {_POINTER}) nor a checkpoint (no {FORMAT_FILE}). "
        "A run gets its first checkpoint at its first validation"
    )


def is_model(path: Path) -> bool:
    """Tell whether `path`, which may be any text, is a run or a checkpoint, even an incomplete one."""
    return any(is_there(path / name) for name in (_POINTER, FORMAT_FILE, _MODEL))


def read_current(run: Path) -> Current:
    """Read the pointer of a run. Raise CheckpointError where it is damaged."""
    path = run / _POINTER
    if not path.exists():
        raise CheckpointError(
            f"{path}: missing: {run} holds no run, or one that was stopped before anything of it was saved. "
            "There is nothing to go on from: start anew"
        )
    content = read_sealed(path)
    best, last, resume = (content.get(key) for key in ("best", "last", "resume"))
    # Before the first validation there is neither a best nor a last.
    for name in [resume] if best is None and last is None else [best, last, resume]:
        if not isinstance(name, str) or not _INSIDE.fullmatch(name):
            raise CheckpointError(f"{path}: damaged: {name!r} is not a path inside the run. Copy it again")
        if any((run / part).is_symlink() for part in (Path(name), *Path(name).parents[:-1])):
            raise CheckpointError(f"{path}: {name} is or lies behind a link. Copy the run with links followed (cp -rL)")
    return Current(best, last, str(resume))


def write_current(run: Path, current: Current) -> None:
    """Replace the pointer of a run, in one step. Raise NotWrittenError where it cannot be written."""
    content = {"best": current.best, "last": current.last, "resume": current.resume}
    replace_file(run / _POINTER, sealed(content))


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
