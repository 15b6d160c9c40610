"""The only place where a recipe meets constructors."""

import logging
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import torch

from tandem.batches import Batches
from tandem.corpora.captions import captions
from tandem.corpora.corpus import HubDataset, InMemory, JsonLines, ParallelFiles, TabSeparated
from tandem.corpora.named import NAMED, named_corpus
from tandem.corpora.pairs import Corpus
from tandem.corpora.spreadsheets import open_csv
from tandem.errors import ArgumentError, CorpusError, RecipeError
from tandem.files.paths import expand_user, is_there
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.recipe import (
    CorpusChoice,
    CsvCorpus,
    Data,
    Device,
    FilesCorpus,
    HubCorpus,
    JsonLinesCorpus,
    MemoryCorpus,
    Model,
    NamedCorpus,
    Precision,
    Recipe,
    TabSeparatedCorpus,
    Text,
    Texts,
    portable_path,
)
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts
from tandem.training import LoopProgress, LoopSettings, Schedule, TrainingLoop
from tandem.training.events import Validation
from tandem.training.random_state import RandomState, borrowed

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def build_corpus(choice: CorpusChoice, folder: str | None) -> Corpus:
    """Open the corpus that a recipe chose. `_placed` says where its files are looked for, given a `folder`."""
    if isinstance(choice, FilesCorpus):
        source, target = _placed(choice.source, folder), _placed(choice.target, folder)
        if source == target and choice.source != choice.target:  # "de/train" and "en/train", one of which was moved
            raise CorpusError(
                f"{source}: this is the only file in data.folder for both {choice.source} and {choice.target}. Put "
                "each into a folder of its own there, with the names that the folders had before"
            )
        return ParallelFiles(source, target)
    if isinstance(choice, TabSeparatedCorpus):
        return TabSeparated(_placed(choice.path, folder), choice.source_column, choice.target_column)
    if isinstance(choice, CsvCorpus):
        path = _placed(choice.path, folder)
        return open_csv(path, choice.source_column, choice.target_column, choice.separator, choice.header)
    if isinstance(choice, JsonLinesCorpus):
        return JsonLines(_placed(choice.path, folder), choice.source_key, choice.target_key)
    if isinstance(choice, HubCorpus):
        name = str(_placed(choice.name, folder)) if Path(choice.name).is_absolute() else choice.name
        return HubDataset(name, choice.split, choice.source_column, choice.target_column, choice.config)
    if isinstance(choice, NamedCorpus):
        if choice.name == "captions":
            built_in = captions()
            parts = {"train": built_in.train, "validation": built_in.validation, "test": built_in.test}
            return InMemory(parts[choice.split], f"captions ({choice.split})")
        if choice.name not in NAMED:
            raise CorpusError(
                f"There is no corpus called {choice.name!r}; the known ones are: captions, {', '.join(NAMED)}"
            )
        return named_corpus(choice.name, choice.split, expand_user(folder) if folder else None)
    raise RecipeError(
        "data: this recipe's pairs were handed over from Python and are not in it: give them to tandem.train again"
    )


def _placed(path: str, folder: str | None) -> Path:
    """Find the file or folder that a recipe calls `path`, with `folder` as the recipe's data.folder.

    A relative path starts in the folder. A file that was moved is looked for in the folder under shorter and shorter
    ends of its path: "old/de/train.txt" may have become FOLDER/de/train.txt or FOLDER/train.txt. CorpusError if it is
    in none of these places.
    """
    base = expand_user(folder or "")
    first = base / path
    if folder is None or is_there(first):
        return first
    parts = Path(path).parts[1:] if Path(path).is_absolute() else Path(path).parts
    tails = [Path(*parts[start:]) for start in range(len(parts))]
    places = [base / tail for tail in (*tails, Path(portable_path(path)))]
    if existing := next((place for place in places if is_there(place)), None):
        return existing
    if len(tails) <= 1:
        return first  # Whoever opens it says that it is missing.
    raise CorpusError(
        f"{path}: there is no such file, and no {tails[-1]} in data.folder ({base}). Check the path, or name "
        "the folder that it lies in now with --set data.folder=..."
    )


def build_tokenizer(text: Text, words: WordCounts) -> Tokenizer:
    """A tokenizer learnt from the words of the training sentences of one side."""
    return Tokenizer.from_counts(
        text.tokenizer, words, lowercase=text.lowercase, min_count=text.min_count, max_size=text.max_size
    )


def build_model(recipe: Recipe, source_size: int, target_size: int) -> Seq2Seq:
    """An untrained model for vocabularies of these sizes, drawn from the recipe's seed.

    Torch's global generators stay as they are.
    """
    settings = recipe.model
    init_range = None if settings.init_range == "torch" else settings.init_range
    with borrowed():
        torch.manual_seed(recipe.seed)
        encoder = Encoder(
            source_size,
            settings.embedding,
            settings.hidden,
            settings.layers,
            settings.dropout,
            cell_type=settings.cell,
            word_dropout=settings.word_dropout,
            init_range=init_range,
        )
        decoder = Decoder(
            target_size,
            settings.embedding,
            settings.hidden,
            settings.layers,
            settings.dropout,
            cell_type=settings.cell,
            tie_output=settings.tie_output,
            output_dropout=settings.output_dropout,
            word_dropout=settings.word_dropout,
            init_range=init_range,
        )
    return Seq2Seq(encoder, decoder)


def recipe_of(model: Seq2Seq, source: Tokenizer, target: Tokenizer) -> Recipe:
    """A recipe from which `build_model` makes a model of this shape; the rest of it is as settings are by default.

    ArgumentError where the model is no Seq2Seq, or its sizes are not those of the tokenizers or of any recipe.
    """
    if not isinstance(model, Seq2Seq):
        raise ArgumentError(f"the model is of type {type(model).__name__}, but must be a tandem.Seq2Seq")
    encoder, decoder = model.encoder, model.decoder
    for side, embedding, tokenizer in (("source", encoder.embedding, source), ("target", decoder.embedding, target)):
        if embedding.num_embeddings != len(tokenizer):
            raise ArgumentError(
                f"the {side} embedding has {embedding.num_embeddings:,} rows, but the {side} tokenizer "
                f"{len(tokenizer):,} tokens: make the model with len(tokenizer)"
            )
    if encoder.embedding.embedding_dim != decoder.embedding.embedding_dim:
        raise ArgumentError(
            f"the source embedding has {encoder.embedding.embedding_dim} columns and the target embedding "
            f"{decoder.embedding.embedding_dim}, but a recipe has one size for both"
        )
    return Recipe(
        data=Data(train=MemoryCorpus(kind="memory")),
        text=Texts(
            source=Text(tokenizer=source.kind, lowercase=source.lowercase),
            target=Text(tokenizer=target.kind, lowercase=target.lowercase),
        ),
        model=Model(
            cell=encoder.cell_type,
            layers=encoder.n_layers,
            hidden=encoder.hid_dim,
            embedding=encoder.embedding.embedding_dim,
            dropout=encoder.dropout.p,
            output_dropout=decoder.output_dropout.p,
            word_dropout=encoder.word_dropout.p,
            tie_output=decoder.fc_out.weight is decoder.embedding.weight,
        ),
    )


def build_optimizer(recipe: Recipe, model: Seq2Seq, device: torch.device) -> torch.optim.Optimizer:
    """The optimiser over all of the model's weights."""
    settings = recipe.training.optimizer
    fused = device.type in {"cpu", "cuda"}
    parameters = list(model.parameters())
    if settings.name == "sgd":
        return torch.optim.SGD(
            parameters,
            settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            fused=fused,
        )
    kind = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
    return kind(
        parameters,
        settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
        fused=fused,
    )


def build_schedule(recipe: Recipe) -> Schedule:
    """The learning rate's schedule."""
    rate = recipe.training.learning_rate
    return Schedule(
        rate.schedule,
        rate.warmup_steps,
        rate.decay_from,
        rate.halve_after,
        rate.halve_every,
        rate.factor,
        rate.patience,
    )


def build_loop_settings(recipe: Recipe) -> LoopSettings:
    """How the training loop runs."""
    training = recipe.training
    return LoopSettings(
        epochs=training.epochs,
        label_smoothing=training.label_smoothing,
        gradient_per=training.gradient_per,
        clip_norm=None if training.clip_norm == "off" else training.clip_norm,
        accumulate=training.accumulate,
        patience=training.patience,
        seed=recipe.seed,
    )


def build_fabric(device: torch.device, precision: torch.dtype) -> "Fabric":
    """What moves a training to its device and precision."""
    # Imported here, since it takes as long as torch itself and translating has no need of it.
    from lightning_fabric import Fabric

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it says what we say already
    with warnings.catch_warnings():
        # Fabric warns of a GPU that is there and not used; the choice was made by `choose_device`.
        warnings.filterwarnings("ignore", category=UserWarning, module="lightning_fabric")
        return Fabric(
            accelerator=device.type,
            devices=1,
            precision="bf16-mixed" if precision == torch.bfloat16 else "32-true",
        )


def build_training_loop(
    recipe: Recipe,
    model: Seq2Seq,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    device: torch.device,
    dtype: torch.dtype,
    *,
    validate: Callable[[], Validation],
    criterion: Callable[[Validation], float],
    perfect: float = -math.inf,
    progress: LoopProgress | None = None,
    random_state: RandomState | None = None,
) -> TrainingLoop:
    """Build the training loop of a recipe; the arguments after `dtype` are those of `TrainingLoop`."""
    return TrainingLoop(
        model,
        optimizer,
        batches,
        fabric=build_fabric(device, dtype),
        schedule=build_schedule(recipe),
        forcing=recipe.training.teacher_forcing.parts(),
        settings=build_loop_settings(recipe),
        validate=validate,
        criterion=criterion,
        perfect=perfect,
        progress=progress,
        random_state=random_state,
    )


def choose_device(device: Device) -> torch.device:
    """The device that was asked for; auto takes CUDA, then MPS, then the CPU. RecipeError where it is not there."""
    _check_choice("device", device, get_args(Device))
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if there[kind]))
    if not there[device]:
        raise RecipeError(
            f"device {device}: this machine has no such device; it has {', '.join(k for k in there if there[k])}"
        )
    return torch.device(device)


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """The type that matrix products run in; auto takes bfloat16 where the processor computes in it.

    RecipeError where there is no such precision.
    """
    _check_choice("precision", precision, get_args(Precision))
    if precision == "auto":
        return torch.bfloat16 if _has_bfloat16(device) else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise RecipeError unless a value from Python is one of the choices, which types alone do not ensure."""
    if value not in choices:
        raise RecipeError(f"{name} is {value!r}, but must be one of {', '.join(map(repr, choices))}")


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type == "mps":
        return False
    try:
        from torch.cpu import get_capabilities
    except ImportError:  # torch before 2.12 cannot be asked
        return False
    has = get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16"))
