"""The whole description of a run: TOML in, TOML out. Frozen; an unknown key is an error."""

import reprlib
import tomllib
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, Literal, TypeAlias

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tandem.errors import RecipeError
from tandem.files import read_text
from tandem.models import CellType
from tandem.text import TokenizerKind
from tandem.training.forcing import ForcingSchedule, TeacherForcing
from tandem.training.loop import GradientPer
from tandem.training.schedule import ScheduleName

Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Width = Annotated[int, Field(ge=1, le=2**17)]
Positive = Annotated[float, Field(gt=0)]
Epochs = Annotated[
    float, Field(gt=0, le=2**53), AfterValidator(lambda epochs: int(epochs) if epochs.is_integer() else epochs)
]
_MOST_BYTES = 2**15
"""Of a recipe's file: thirty times what every setting written out takes. Larger ones can take tomllib minutes."""
_MOST_TOLD = 50
"""Of the faults that one error tells."""
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 200


class Section(BaseModel):
    """What all parts of a recipe share: frozen, strict about names, no numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FilesCorpus(Section):
    """Two parallel files, a sentence a line."""

    kind: Literal["files"] = "files"
    source: str
    target: str


class TabSeparatedCorpus(Section):
    """A file with a pair a line, in columns by number (from 1) or by the name in its first line."""

    kind: Literal["tsv"]
    path: str
    source_column: int | str = 1
    target_column: int | str = 2


class JsonLinesCorpus(Section):
    """A file with a JSON object a line."""

    kind: Literal["jsonl"]
    path: str
    source_key: str = "source"
    target_key: str = "target"


class HubCorpus(Section):
    """A dataset of the Hugging Face Hub (needs the extra `hub`)."""

    kind: Literal["hub"]
    name: str
    split: str = "train"
    source_column: str
    target_column: str
    config: str | None = None


class NamedCorpus(Section):
    """A corpus that Tandem knows by name: `captions` is built in, `multi30k` comes by `tandem data get multi30k`."""

    kind: Literal["named"]
    name: str
    split: Literal["train", "validation", "test"] = "train"


class MemoryCorpus(Section):
    """Pairs that were handed over from Python; a run from these cannot be started again from its recipe alone."""

    kind: Literal["memory"]


CorpusChoice = Annotated[
    FilesCorpus | TabSeparatedCorpus | JsonLinesCorpus | HubCorpus | NamedCorpus | MemoryCorpus,
    Field(discriminator="kind"),
    BeforeValidator(lambda choice: {"kind": "files", **choice} if isinstance(choice, dict) else choice),
]


class Data(Section):
    """Which sentence pairs."""

    train: CorpusChoice
    validation: CorpusChoice | None = None
    """None: `validation_fraction` of the training pairs is carved off, whole sources at a time."""
    test: CorpusChoice | None = None
    """What the run is scored on at its end, if anything."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.05
    validation_at_most: Count = 2000
    folder: str | None = None
    """Where relative paths and named corpora lie."""
    on_error: Literal["drop", "stop"] = "drop"
    """What happens to a pair with an empty or too long side: dropped and counted, or an error."""
    max_characters: Count = 10_000
    max_tokens: Count = 200
    """Pairs with more tokens than this on a side are not trained on."""
    loader_workers: Annotated[int, Field(ge=0, le=64)] = 1
    """Threads that assemble the next batches while one is trained on; how many changes nothing but the time."""


class Text(Section):
    """One language's tokens."""

    tokenizer: TokenizerKind = "word"
    lowercase: bool = False
    min_count: Count = 1
    """Tokens seen less often than this are `<unk>`."""
    max_size: Annotated[int, Field(ge=5)] | None = None
    """The vocabulary's size at most, its four special tokens counted."""


class Texts(Section):
    """Both languages' tokens."""

    source: Text = Text()
    target: Text = Text()
    reverse_source: bool = False
    """Whether the encoder reads the source from its end (Sutskever et al. 2014, section 3.3)."""


class Model(Section):
    """The encoder-decoder."""

    cell: CellType = "lstm"
    layers: Annotated[int, Field(ge=1, le=100)] = 2
    hidden: Width = 512
    embedding: Width = 256
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    output_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout before the output layer, where the tutorial has none."""
    word_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout of whole tokens, on both sides, where the tutorial has none."""
    tie_output: bool = False
    """Whether the output layer shares the target embedding's weight."""
    init_range: Positive | Literal["torch"] = 0.08
    """Weights start from U(-init_range, init_range), or as torch has them."""


class Optimizer(Section):
    """The optimiser, by torch's names and meanings."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: Positive = 1e-3
    betas: tuple[Share, Share] = (0.9, 0.999)
    """Adam's and AdamW's."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Share = 0.0
    """SGD's."""


class LearningRate(Section):
    """How the learning rate changes; see `training/schedule.py` for each."""

    schedule: ScheduleName = "constant"
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    decay_from: Share = 0.0
    halve_after: Annotated[float, Field(ge=0)] = 5.0
    halve_every: Positive = 0.5
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Count = 2


class Forcing(Section):
    """Teacher forcing; see `training/forcing.py` for each schedule."""

    schedule: ForcingSchedule = "constant"
    start: Share = 1.0
    end: Share = 0.0
    k: Positive | None = None
    by_token: bool = False

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Forcing":
        self.parts()
        return self

    def parts(self) -> TeacherForcing:
        """The same as the training loop takes it."""
        return TeacherForcing(self.schedule, self.start, self.end, self.k, self.by_token)


class Training(Section):
    """How the model is trained."""

    epochs: Epochs = 10
    """A part of one at the end, such as the half of 7.5, is validated as a whole one is."""
    batch_size: Count = 128
    """Sentence pairs."""
    accumulate: Count = 1
    """Batches to an optimiser step."""
    optimizer: Optimizer = Optimizer()
    learning_rate: LearningRate = LearningRate()
    teacher_forcing: Forcing = Forcing()
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    gradient_per: GradientPer = "token"
    """The gradient is the sum over a step's sentences, divided by its target tokens or by its sentences."""
    clip_norm: Positive | Literal["off"] = 1.0
    """The gradient is scaled to this norm when it is longer."""
    patience: Count | None = None
    """Stop after so many validations in a row without a better one."""
    keep: Literal["loss", "bleu", "exact"] = "loss"
    """What makes a checkpoint the best: validation loss, or BLEU or exact matches of greedy translations."""
    precision: Precision = "auto"
    """auto: bfloat16 products where the processor has them, else float32; weights are float32 always."""
    save_minutes: Positive = 10.0
    """What going on takes is saved this often, besides after each validation."""
    save_steps: Count | None = None
    """And after every so many optimiser steps."""


class Search(Section):
    """How translations are searched for, unless the command line says otherwise."""

    beam: Annotated[int, Field(ge=1, le=10_000)] = 5
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Hypotheses are ranked by log-probability / tokens ** length_penalty; 0 is the paper's plain sum."""
    max_length_factor: Annotated[float, Field(gt=0, le=100)] = 2.0
    """A translation has at most this many tokens a source token, and `max_length_extra` more."""
    max_length_extra: Annotated[int, Field(ge=0, le=10_000)] = 10
    lowercase_scores: bool = False
    """Whether scores are taken in lower case."""


class Recipe(Section):
    """A whole run."""

    data: Data
    text: Texts = Texts()
    model: Model = Model()
    training: Training = Training()
    search: Search = Search()
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1


def load_recipe(path: str | Path, settings: Sequence[str] = ()) -> Recipe:
    """Read a recipe, `settings` ("section.key=value") put over it. RecipeError naming everything that is wrong."""
    try:
        text = read_text(Path(path), _MOST_BYTES)
    except FileNotFoundError:
        raise RecipeError(f"{path}: there is no such recipe") from None
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path}: the recipe cannot be read: {error}") from error
    return parse_recipe(text, str(path), settings)


def parse_recipe(text: str, origin: str, settings: Sequence[str] = ()) -> Recipe:
    """A recipe from its TOML; `origin` names it in messages."""
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of too many digits is a plain ValueError
        raise RecipeError(f"{origin}: this is not valid TOML: {error}") from error
    for setting in settings:
        _put(tree, setting)
    return make_recipe(tree, origin)


def make_recipe(tree: dict[str, Any], origin: str) -> Recipe:
    """A recipe from nested dictionaries. RecipeError naming everything that is wrong, under dotted names."""
    _check_integers(tree, origin)
    try:
        return Recipe.model_validate(tree)
    except pydantic.ValidationError as error:
        lines = [_explain(fault) for fault in error.errors()]
        more = ["  ..."] if len(lines) > _MOST_TOLD else []
        raise RecipeError(
            f"{origin}: {len(lines)} setting{'s' * (len(lines) > 1)} not valid:\n"
            + "\n".join(lines[:_MOST_TOLD] + more)
        ) from None


def _check_integers(tree: dict[str, Any], origin: str) -> None:
    """Raise RecipeError for an integer beyond TOML's 64 bits: with thousands of digits it could not even be shown."""
    waiting: list[tuple[object, object]] = list(tree.items())  # no recursion: a recipe may be nested deeply
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, int) and value.bit_length() > 63:
            raise RecipeError(
                f"{origin}: {key}: an integer of {value.bit_length()} bits, but 64 are the most. Lower it"
            )
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list | tuple):
            waiting += ((key, item) for item in value)


def override(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The same recipe with `settings` ("section.key=value") put over it."""
    tree = recipe.model_dump(exclude_none=True)
    for setting in settings:
        _put(tree, setting)
    return make_recipe(tree, "the recipe with --set")


def _put(tree: dict[str, Any], setting: str) -> None:
    """Put "section.key=value" into the tree; the value is TOML, or else a plain string."""
    name, equals, value = setting.partition("=")
    path = name.strip().split(".")
    if not equals or not all(path):
        raise RecipeError(f"--set {setting}: settings have the form section.key=value, such as training.epochs=5")
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"--set {setting}: {part} is a value, not a section")
    try:
        tree[path[-1]] = tomllib.loads(f"value = {value}")["value"]
    except ValueError:
        tree[path[-1]] = value
    except RecursionError as error:
        raise RecipeError(f"--set {name}: the value is nested too deeply") from error


def _explain(fault: Any) -> str:
    # A discriminated union puts its tag into the location ("data.train.files.source"): not a name that users wrote.
    kinds = {"files", "tsv", "jsonl", "hub", "named", "memory"}
    location = [part if part.isprintable() else repr(part) for part in map(str, fault["loc"])]
    if location[:1] == ["data"]:
        location = location[:2] + [part for part in location[2:] if part not in kinds]
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return f"  {'.'.join(location)}: there is no such setting"
    if fault["type"] == "missing":
        return f"  {'.'.join(location)}: is missing"
    return f"  {'.'.join(location)}: {message}; it is {_SHOWN.repr(fault['input'])}"


def portable(recipe: Recipe) -> Recipe:
    """The recipe without its folder, and with the names alone of files whose whole path it had."""
    data: dict[str, Any] = recipe.data.model_dump(exclude={"folder"})
    for corpus in filter(None, (data["train"], data["validation"], data["test"])):
        corpus.update({key: _file_name(corpus[key]) for key in ("source", "target", "path", "name") if key in corpus})
    return recipe.model_copy(update={"data": Data.model_validate(data)})


def _file_name(path: str) -> str:
    """The last part of a path that begins at a root, a drive or a home, as POSIX or Windows write it; else itself."""
    as_windows = PureWindowsPath(path)  # which knows both kinds of slash
    return as_windows.name if as_windows.anchor or path.startswith("~") else path


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as TOML, every setting written out, so that a later default cannot change it."""
    lines: list[str] = [f"seed = {recipe.seed}"]
    for name in ("data", "text", "model", "training", "search"):
        _dump_section(name, getattr(recipe, name).model_dump(exclude_none=True), lines)
    return "\n".join(lines) + "\n"


def _dump_section(name: str, section: dict[str, Any], lines: list[str]) -> None:
    lines += ["", f"[{name}]"]
    lines += [f"{key} = {_toml(value)}" for key, value in section.items() if not isinstance(value, dict)]
    for key, value in section.items():
        if isinstance(value, dict):
            _dump_section(f"{name}.{key}", value, lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _toml_string(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)


def _toml_string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
