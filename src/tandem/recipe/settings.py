"""Every setting of a run. Settings are frozen, and an unknown key is an error."""

import warnings
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tandem.corpora.kinds import AnyCorpus, CorpusChoice
from tandem.names import (
    LARGEST_BEAM,
    LARGEST_COUNT,
    LARGEST_COVERAGE,
    LARGEST_LENGTH_EXTRA,
    LARGEST_LENGTH_FACTOR,
    LARGEST_LENGTH_PENALTY,
    MAX_CHARACTERS,
    AttentionChoice,
    AttentionScore,
    CellType,
    Criterion,
    ForcingSchedule,
    GradientPer,
    LearningRateSchedule,
    OnError,
    OptimizerName,
    Precision,
    TokenizerChoice,
    TokenizerKind,
    check_forcing,
)

_LARGEST_FLOAT = 1e38  # for learning rates, ranges and the like: no training survives it, and float32 holds it

Share = Annotated[float, Field(ge=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]
Width = Annotated[int, Field(ge=1, le=2**17)]
Layers = Annotated[int, Field(ge=1, le=100)]
Positive = Annotated[float, Field(gt=0, le=_LARGEST_FLOAT)]
NotNegative = Annotated[float, Field(ge=0, le=_LARGEST_FLOAT)]
Epochs = Annotated[
    float, Field(gt=0, le=2**53), AfterValidator(lambda epochs: int(epochs) if epochs.is_integer() else epochs)
]


class Section(BaseModel):
    """The base of all parts of a recipe: frozen, strict about names, with finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Data(Section):
    """The sentence pairs of a run."""

    train: CorpusChoice
    validation: CorpusChoice | None = None
    """None: `validation_fraction` of the training pairs is held out, all pairs of a source together."""
    test: CorpusChoice | None = None  # what the run is scored on at its end. None: the validation corpus.
    validation_fraction: BelowOne = 0.05
    """The part of the training pairs that is held out. 0: the model is validated on training pairs."""
    validation_at_most: Count = 2000  # the largest number of pairs that is held out
    folder: str | None = None  # the folder of relative paths and of named corpora
    on_error: OnError = "drop"
    """What happens to a pair with an empty or too long side: it is dropped and counted, or it is an error."""
    max_characters: Count = MAX_CHARACTERS
    max_tokens: Count = 200  # pairs with more tokens than this on a side are not trained on
    loader_workers: Annotated[int, Field(ge=0, le=64)] = 1
    """Threads that assemble the next batches while one is trained on. Their number changes only the time."""

    def corpora(self) -> dict[str, AnyCorpus]:
        """Return the corpora that are named, by their part of the data: "train", "validation", "test"."""
        parts: dict[str, AnyCorpus | None] = {"train": self.train, "validation": self.validation, "test": self.test}
        return {part: corpus for part, corpus in parts.items() if corpus is not None}


class Text(Section):
    """The tokens of one language."""

    tokenizer: TokenizerKind = "word"
    lowercase: bool = False
    min_count: Count = 1  # tokens that occur less often than this are `<unk>`
    max_size: Annotated[int, Field(ge=5, le=LARGEST_COUNT)] | None = None
    """The largest size of the vocabulary, including its four special tokens."""
    bpe_dropout: BelowOne = 0.0  # the share of merges that is left out when training pairs are read (only for bpe)

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Text":
        if self.bpe_dropout and self.tokenizer != "bpe":
            raise ValueError(
                f"bpe_dropout is {self.bpe_dropout}, which leaves out merges, but the tokenizer {self.tokenizer} has "
                "none: set tokenizer to bpe, or bpe_dropout to 0"
            )
        return self


class Features(Text):
    """The tokens of the features beside the sources."""

    tokenizer: TokenizerKind = "tags"


class Texts(Section):
    """The tokens of both languages."""

    source: Text = Text()
    target: Text = Text()
    features: Features | None = None
    """The tokens of what follows a tab in a source. None: the model reads no features, and a tab is white space."""
    reverse_source: bool = False  # the encoder reads the source backwards (Sutskever et al. 2014, section 3.3)
    joint: bool = False
    """Whether both sides have one vocabulary, learnt from the texts of both by the settings of `source`."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _target_follows(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("joint") is True and "target" not in values and "source" in values:
            return {**values, "target": values["source"]}
        return values

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Texts":
        if self.features is not None:
            others = {
                "joint": self.joint,
                "source.bpe_dropout": self.source.bpe_dropout,
                "features.bpe_dropout": self.features.bpe_dropout,
            }
            if on := [name for name, value in others.items() if value]:
                raise ValueError(f"features do not go with {' and '.join(on)} yet: leave one of them out")
        if self.joint and self.source != self.target:
            differing = [key for key, value in self.source if value != getattr(self.target, key)]
            raise ValueError(
                f"joint makes one vocabulary for both sides, but {' and '.join(differing)} of text.source and "
                "text.target differ: give the settings in text.source alone, or the same in both"
            )
        return self

    def sizes(self, source: int, target: int, features: int = 0) -> str:
        """Say how large the vocabularies are, such as "8,000 source and 6,000 target tokens"."""
        if self.joint:
            return f"{source:,} tokens of both sides"
        more = f", and {features:,} of features" if features else ""
        return f"{source:,} source and {target:,} target tokens{more}"


# A setting may have the name of a method that pydantic has for older programs.
warnings.filterwarnings("ignore", 'Field name "copy" in "Model" shadows an attribute', UserWarning)


class Model(Section):
    """The encoder-decoder."""

    cell: CellType = "lstm"
    layers: Layers = 2
    encoder_layers: Layers | None = None
    """The encoder's layers; None for as many as the decoder's. Where they differ, a learnt layer joins the states."""
    hidden: Width = 512
    embedding: Width = 256
    bidirectional: bool = False
    """Whether the encoder reads the source from both ends, with `hidden` units in each direction."""
    attention: AttentionChoice = "off"
    """Whether each step of the decoder looks at all positions of the source, and after which layer."""
    attention_score: AttentionScore = "general"
    """How a state of the decoder is compared with a position of the source."""
    copy: bool = False  # type: ignore[assignment]
    """Whether tokens of the source have a share in what follows, so that an unknown word can come out as it stands."""
    dropout: BelowOne = 0.5
    output_dropout: BelowOne = 0.0  # Dropout before the output layer. The tutorial has none.
    word_dropout: BelowOne = 0.0  # Dropout of whole tokens on both sides. The tutorial has none.
    tie_output: bool = False  # whether the output layer shares the weight of the target embedding
    tie_embeddings: bool = False  # whether source and target embedding share one weight; takes `text.joint`
    scale_embedding: bool = False
    """Whether embeddings are multiplied by the square root of their size, and start accordingly smaller."""
    init_range: Positive | Literal["torch"] = 0.08
    """Weights are drawn from U(-init_range, init_range), or as torch draws them."""
    source_embeddings: str | None = None
    """A file of word vectors that the source embedding starts from, as far as it has the tokens."""
    target_embeddings: str | None = None  # the same for the target embedding

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Model":
        if self.copy and self.attention == "off":
            raise ValueError(
                "copy is on, but attention is off, although attention chooses what is copied: set attention to "
                "gnmt or luong"
            )
        if self.attention != "off" and self.attention_score == "dot" and self.bidirectional:
            raise ValueError(
                "attention_score is dot, which compares states of one size, but those of a bidirectional encoder are "
                "twice as large: take general or additive"
            )
        return self


class Optimizer(Section):
    """The optimiser. Names and meanings are those of torch."""

    name: OptimizerName = "adam"
    learning_rate: Positive = 1e-3
    betas: tuple[BelowOne, BelowOne] = (0.9, 0.999)  # for Adam and AdamW
    weight_decay: NotNegative = 0.0
    momentum: Share = 0.0  # for SGD


class LearningRate(Section):
    """How the learning rate changes. See `training/schedule.py` for each schedule."""

    schedule: LearningRateSchedule = "constant"
    warmup_steps: Annotated[int, Field(ge=0, le=LARGEST_COUNT)] = 0
    decay_from: Share = 0.0
    halve_after: NotNegative = 5.0
    halve_every: Positive = 0.5
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Count = 2


class Forcing(Section):
    """Teacher forcing. See `training/forcing.py` for each schedule."""

    schedule: ForcingSchedule = "constant"
    start: Share = 1.0
    end: Share = 0.0
    k: Positive | None = None
    by_token: bool = False

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Forcing":
        check_forcing(self.schedule, self.k)
        return self


class Training(Section):
    """How the model is trained."""

    epochs: Epochs = 10  # a fraction at the end, such as the half epoch of 7.5, is validated like a whole epoch
    passes: Count = 1  # passes over the corpus in an epoch, so that a small corpus is validated less often
    batch_size: Count = 128  # sentence pairs
    accumulate: Count = 1  # batches in an optimiser step
    shards: Annotated[int, Field(ge=1, le=1024)] = 1
    """The parts that each batch is cut into, so that up to so many processes can train together. 1: no cut."""
    exact_sum: bool = False
    """Whether gradients of shards are added so that any number of processes ends with the same bytes."""
    optimizer: Optimizer = Optimizer()
    learning_rate: LearningRate = LearningRate()
    teacher_forcing: Forcing = Forcing()
    label_smoothing: BelowOne = 0.0
    r_drop: NotNegative = 0.0  # the weight of R-Drop, for which each batch is read twice
    gradient_per: GradientPer = "token"
    """The gradient is the sum over a step's sentences, divided by its target tokens or by its sentences."""
    clip_norm: Positive | Literal["off"] = 1.0  # the gradient is scaled to this norm when it is longer
    average_decay: BelowOne = 0.0
    """What the average of the weights keeps of itself at a step. The average is the model. 0: none is taken."""
    patience: Count | None = None  # the training stops after so many validations in a row without a better one
    keep: Criterion = "loss"
    """What makes a checkpoint the best: validation loss, or BLEU, chrF or exact matches of greedy translations."""
    keep_last: Count = 1
    """The checkpoints of so many last validations are kept besides the best one, to average them or to choose later."""
    precision: Precision = "auto"
    """auto: bfloat16 products where the processor has them, else float32. Weights are always float32."""
    save_minutes: Positive = 10.0  # between two savings of the run's state, besides after each validation
    save_steps: Count | None = None  # optimiser steps between two savings. None: only time counts.

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Training":
        if self.exact_sum and self.shards == 1:
            raise ValueError(
                "exact_sum adds the gradients of shards, but shards is 1: set shards to the largest number of "
                "processes that the run may have, such as 8"
            )
        return self


class Search(Section):
    """How translations are searched for by default."""

    beam: Annotated[int, Field(ge=1, le=LARGEST_BEAM)] = 5
    length_penalty: Annotated[float, Field(ge=0, le=LARGEST_LENGTH_PENALTY)] = 1.0
    """Hypotheses are ranked by log-probability / tokens ** length_penalty. 0 is the plain sum of the paper."""
    coverage: Annotated[float, Field(ge=0, le=LARGEST_COVERAGE)] = 0.0
    """The strength of the penalty for source tokens that attention has passed over. 0 is none."""
    max_length_factor: Annotated[float, Field(gt=0, le=LARGEST_LENGTH_FACTOR)] = 2.0
    """A translation has at most this many tokens for each source token, and `max_length_extra` more."""
    max_length_extra: Annotated[int, Field(ge=0, le=LARGEST_LENGTH_EXTRA)] = 10
    lowercase_scores: bool = False  # whether scores are computed in lower case
    score_tokenize: TokenizerChoice = "auto"
    """How BLEU splits texts into words, by the names of sacreBLEU. auto: by the script of the references."""


class Recipe(Section):
    """The whole description of a run."""

    data: Data
    text: Texts = Texts()
    model: Model = Model()
    training: Training = Training()
    search: Search = Search()
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Recipe":
        if self.search.coverage and self.model.attention == "off":
            raise ValueError(
                "search.coverage is a penalty on attention, but model.attention is off: set model.attention to luong "
                "or gnmt, or leave search.coverage out"
            )
        if self.model.tie_embeddings and not self.text.joint:
            raise ValueError(
                "model.tie_embeddings makes one embedding of both sides, which takes one vocabulary: set text.joint = "
                "true, too"
            )
        if self.model.copy and self.text.features is not None:
            raise ValueError("model.copy does not go with text.features yet: leave one of them out")
        if self.model.copy and (self.text.source.bpe_dropout or self.text.target.bpe_dropout or self.training.r_drop):
            raise ValueError(
                "model.copy goes with neither bpe_dropout nor training.r_drop: leave these out, or set it to false"
            )
        return self
