"""The only place where a recipe meets constructors."""

import logging
import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import Module

from tandem.batches import Batches
from tandem.models import Decoder, Encoder, FeaturesEncoder, Seq2Seq, needs_bridge
from tandem.recipe import Model, Recipe, Text, Texts
from tandem.text import Tokenizer
from tandem.text.bpe_dropout import BpeDropout
from tandem.text.counts import WordCounts
from tandem.text.features import FeaturesTokenizer, divide
from tandem.training import LoopProgress, LoopSettings, Schedule, TeacherForcing, TrainingLoop, WeightAverage
from tandem.training.events import Validation
from tandem.training.group import TrainingGroup
from tandem.training.random_state import RandomState, borrowed

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def build_tokenizer(text: Text, words: WordCounts) -> Tokenizer:
    """Learn a tokenizer from the words of the training sentences of one side."""
    return Tokenizer.train(
        text.tokenizer, words, lowercase=text.lowercase, min_count=text.min_count, max_size=text.max_size
    )


def build_tokenizers(texts: Texts, source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
    """Learn the tokenizers of both sides, which are one where the vocabulary is joint.

    The words of the target are then added to the table of the source. With features the words of the source are
    those of `count_parts`.
    """
    if texts.joint:
        both = build_tokenizer(texts.source, source.add(target))
        return both, both
    if texts.features is None:
        return build_tokenizer(texts.source, source), build_tokenizer(texts.target, target)
    own, features = divide(source)
    with_features = FeaturesTokenizer(build_tokenizer(texts.source, own), build_tokenizer(texts.features, features))
    return with_features, build_tokenizer(texts.target, target)


def build_bpe_dropouts(recipe: Recipe, source: Tokenizer, target: Tokenizer) -> tuple[BpeDropout | None, ...]:
    """Make what cuts the words of the training pairs anew, for each side; None where the recipe does not ask for it."""
    sides = ((recipe.text.source, source, recipe.text.reverse_source), (recipe.text.target, target, False))
    return tuple(
        # Each side has a seed of its own: else equal texts on both sides would be cut alike.
        BpeDropout(
            tokenizer, text.bpe_dropout, 2 * recipe.seed + number, most=recipe.data.max_tokens, backwards=backwards
        )
        if text.bpe_dropout
        else None
        for number, (text, tokenizer, backwards) in enumerate(sides)
    )


def build_model(recipe: Recipe, source_size: int, target_size: int, features_size: int = 0) -> Seq2Seq:
    """Make an untrained model for vocabularies of these sizes, drawn from the seed of the recipe.

    Without features their size is 0. The global generators of torch are unchanged.
    """
    settings = recipe.model
    init_range = None if settings.init_range == "torch" else settings.init_range
    with borrowed():
        torch.manual_seed(recipe.seed)
        encoder = _build_encoder(settings, init_range, source_size, features_size)
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
            attention=None if settings.attention == "off" else settings.attention,
            attention_score=settings.attention_score,
            memory_dim=encoder.output_dim,
            scale_embedding=settings.scale_embedding,
            embedding=encoder.embedding if settings.tie_embeddings else None,
            copying=settings.copy,
        )
        return Seq2Seq(encoder, decoder, bridge=needs_bridge(encoder, decoder))


def _build_encoder(settings: Model, init_range: float | None, source_size: int, features_size: int) -> Encoder:
    make = partial(FeaturesEncoder, features_dim=features_size) if features_size else Encoder
    return make(
        source_size,
        settings.embedding,
        settings.hidden,
        settings.encoder_layers or settings.layers,
        settings.dropout,
        cell_type=settings.cell,
        word_dropout=settings.word_dropout,
        init_range=init_range,
        bidirectional=settings.bidirectional,
        scale_embedding=settings.scale_embedding,
    )


def build_optimizer(recipe: Recipe, model: Seq2Seq, device: torch.device) -> torch.optim.Optimizer:
    """Make the optimiser of all weights of the model."""
    settings = recipe.training.optimizer
    parameters = list(model.parameters())
    shared: dict[str, Any] = {"weight_decay": settings.weight_decay, "fused": device.type in {"cpu", "cuda"}}
    if settings.name == "sgd":
        return torch.optim.SGD(parameters, settings.learning_rate, momentum=settings.momentum, **shared)
    kind = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
    return kind(parameters, settings.learning_rate, betas=settings.betas, **shared)


def build_schedule(recipe: Recipe) -> Schedule:
    """Make the schedule of the learning rate."""
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


def build_forcing(recipe: Recipe) -> TeacherForcing:
    """Make the schedule of teacher forcing."""
    forcing = recipe.training.teacher_forcing
    return TeacherForcing(forcing.schedule, forcing.start, forcing.end, forcing.k, forcing.by_token)


def build_weight_average(recipe: Recipe, model: Seq2Seq) -> WeightAverage | None:
    """Make the average of the last weights of the model; None where the recipe asks for none."""
    decay = recipe.training.average_decay
    return WeightAverage(model, decay) if decay else None


def build_loop_settings(recipe: Recipe) -> LoopSettings:
    """Make the settings of the training loop."""
    training = recipe.training
    return LoopSettings(
        epochs=training.epochs,
        label_smoothing=training.label_smoothing,
        r_drop=training.r_drop,
        gradient_per=training.gradient_per,
        clip_norm=None if training.clip_norm == "off" else training.clip_norm,
        accumulate=training.accumulate,
        shards=training.shards,
        exact_sum=training.exact_sum,
        patience=training.patience,
        seed=recipe.seed,
    )


def build_fabric(device: torch.device, precision: torch.dtype, group: TrainingGroup | None = None) -> "Fabric":
    """Make the Fabric that moves a training to its device and precision, and to the place of its process."""
    # Imported here: it takes as long as torch itself, and translating does not need it.
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    class Together(DDPStrategy):
        """Processes that the environment describes. The training loop itself adds up their gradients."""

        def setup_module(self, module: Module) -> Module:  # type: ignore[override]
            """Return the module as it is: DistributedDataParallel would add gradients up in an order of its own."""
            return module

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it repeats what Tandem says
    with warnings.catch_warnings():
        # Fabric warns of a GPU that is not used, but `choose_device` made that choice.
        warnings.filterwarnings("ignore", category=UserWarning, module="lightning_fabric")
        here = 1 if group is None else group.processes_here
        fabric = Fabric(
            accelerator=device.type,
            devices=here,
            num_nodes=1 if group is None else group.size // here,
            strategy="auto" if group is None or group.size == 1 else Together(),
            precision="bf16-mixed" if precision == torch.bfloat16 else "32-true",
        )
        if group is not None and group.size > 1:
            fabric.launch()
        return fabric


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
    average: WeightAverage | None = None,
    group: TrainingGroup | None = None,
    asked: Callable[[], bool] = lambda: False,
    progress: LoopProgress | None = None,
    random_state: RandomState | None = None,
) -> TrainingLoop:
    """Build the training loop of a recipe; the arguments after `dtype` are those of `TrainingLoop`."""
    return TrainingLoop(
        model,
        optimizer,
        batches,
        fabric=build_fabric(device, dtype, group),
        schedule=build_schedule(recipe),
        forcing=build_forcing(recipe),
        settings=build_loop_settings(recipe),
        validate=validate,
        criterion=criterion,
        perfect=perfect,
        average=average,
        group=group,
        asked=asked,
        progress=progress,
        random_state=random_state,
    )
