"""Every setting of a run. Frozen; an unknown key is an error."""

from typing import Annotated, Literal, TypeAlias

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tandem.corpora.spreadsheets import Separator
from tandem.metrics import TokenizerChoice
from tandem.names import CellType
from tandem.search.limits import LARGEST_BEAM as LARGEST_BEAM
from tandem.search.limits import LARGEST_LENGTH_PENALTY as LARGEST_LENGTH_PENALTY
from tandem.text import TokenizerKind
from tandem.training.forcing import ForcingSchedule, TeacherForcing
from tandem.training.loop import GradientPer
from tandem.training.schedule import ScheduleName

Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]

LARGEST_COUNT = 10**9
"""Of what is counted, such as sentence pairs, tokens or validations: more than any of them takes."""
_LARGEST_FLOAT = 1e38
"""Of learning rates, ranges and the like: far more than any training survives, and float32 holds it."""

Share = Annotated[float, Field(ge=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]
Width = Annotated[int, Field(ge=1, le=2**17)]
Positive = Annotated[float, Field(gt=0, le=_LARGEST_FLOAT)]
NotNegative = Annotated[float, Field(ge=0, le=_LARGEST_FLOAT)]
Epochs = Annotated[
    float, Field(gt=0, le=2**53), AfterValidator(lambda epochs: int(epochs) if epochs.is_integer() else epochs)
]

LARGEST_LENGTH_FACTOR = 100
LARGEST_LENGTH_EXTRA = 10_000
"""With the factor they bound the time and the memory that an output may take."""


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


class CsvCorpus(Section):
    """A CSV file as spreadsheets write it, in columns by number (from 1) or by the name in its header."""

    kind: Literal["csv"]
    path: str
    source_column: int | str = 1
    target_column: int | str = 2
    separator: Separator | Literal["auto"] = "auto"
    """auto: found out from the file, as `header` is; a run's recipe then says what was found."""
    header: bool | Literal["auto"] = "auto"
    """Whether the first row has the columns' names."""


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
    FilesCorpus | TabSeparatedCorpus | CsvCorpus | JsonLinesCorpus | HubCorpus | NamedCorpus | MemoryCorpus,
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
    validation_fraction: BelowOne = 0.05
    """0: nothing is held back, and the model is validated on training pairs."""
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
    max_size: Annotated[int, Field(ge=5, le=LARGEST_COUNT)] | None = None
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
    dropout: BelowOne = 0.5
    output_dropout: BelowOne = 0.0
    """Dropout before the output layer, where the tutorial has none."""
    word_dropout: BelowOne = 0.0
    """Dropout of whole tokens, on both sides, where the tutorial has none."""
    tie_output: bool = False
    """Whether the output layer shares the target embedding's weight."""
    init_range: Positive | Literal["torch"] = 0.08
    """Weights start from U(-init_range, init_range), or as torch has them."""


class Optimizer(Section):
    """The optimiser, by torch's names and meanings."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: Positive = 1e-3
    betas: tuple[BelowOne, BelowOne] = (0.9, 0.999)
    """Adam's and AdamW's."""
    weight_decay: NotNegative = 0.0
    momentum: Share = 0.0
    """SGD's."""


class LearningRate(Section):
    """How the learning rate changes; see `training/schedule.py` for each."""

    schedule: ScheduleName = "constant"
    warmup_steps: Annotated[int, Field(ge=0, le=LARGEST_COUNT)] = 0
    decay_from: Share = 0.0
    halve_after: NotNegative = 5.0
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
    passes: Count = 1
    """Times that an epoch goes through the corpus, so that a small one is not validated all the time."""
    batch_size: Count = 128
    """Sentence pairs."""
    accumulate: Count = 1
    """Batches to an optimiser step."""
    optimizer: Optimizer = Optimizer()
    learning_rate: LearningRate = LearningRate()
    teacher_forcing: Forcing = Forcing()
    label_smoothing: BelowOne = 0.0
    gradient_per: GradientPer = "token"
    """The gradient is the sum over a step's sentences, divided by its target tokens or by its sentences."""
    clip_norm: Positive | Literal["off"] = 1.0
    """The gradient is scaled to this norm when it is longer."""
    patience: Count | None = None
    """Stop after so many validations in a row without a better one."""
    keep: Literal["loss", "bleu", "chrf", "exact"] = "loss"
    """What makes a checkpoint the best: validation loss, or BLEU, chrF or exact matches of greedy translations."""
    keep_last: Count = 1
    """The checkpoints of so many last validations are kept besides the best: to average them, or to choose later."""
    precision: Precision = "auto"
    """auto: bfloat16 products where the processor has them, else float32; weights are float32 always."""
    save_minutes: Positive = 10.0
    """What going on takes is saved this often, besides after each validation."""
    save_steps: Count | None = None
    """And after every so many optimiser steps."""


class Search(Section):
    """How translations are searched for, unless the command line says otherwise."""

    beam: Annotated[int, Field(ge=1, le=LARGEST_BEAM)] = 5
    length_penalty: Annotated[float, Field(ge=0, le=LARGEST_LENGTH_PENALTY)] = 1.0
    """Hypotheses are ranked by log-probability / tokens ** length_penalty; 0 is the paper's plain sum."""
    max_length_factor: Annotated[float, Field(gt=0, le=LARGEST_LENGTH_FACTOR)] = 2.0
    """A translation has at most this many tokens a source token, and `max_length_extra` more."""
    max_length_extra: Annotated[int, Field(ge=0, le=LARGEST_LENGTH_EXTRA)] = 10
    lowercase_scores: bool = False
    """Whether scores are taken in lower case."""
    score_tokenize: TokenizerChoice = "auto"
    """How BLEU tells words apart, by sacreBLEU's names; auto goes by the script of the references."""


class Recipe(Section):
    """A whole run."""

    data: Data
    text: Texts = Texts()
    model: Model = Model()
    training: Training = Training()
    search: Search = Search()
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
