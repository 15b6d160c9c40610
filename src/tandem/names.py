"""The closed sets of words, and the limits, that settings, options and code share. Importing this is cheap."""

from typing import Literal, TypeAlias, get_args

CellType: TypeAlias = Literal["lstm", "gru", "rnn"]
"""The kinds of recurrent cells."""
LayerPart: TypeAlias = Literal["hidden", "cell", "input", "forget", "output", "candidate", "update", "reset"]
"""What a recurrent layer computes at each step: its state, and the gates that its cell has."""
SaliencyMethod: TypeAlias = Literal["gradient", "left_out", "attention"]
"""How it is measured which source token moved which target token."""
SALIENCY_METHODS: tuple[SaliencyMethod, ...] = get_args(SaliencyMethod)
AttentionKind: TypeAlias = Literal["luong", "gnmt"]
"""After which layer the decoder looks at the source."""
AttentionChoice: TypeAlias = Literal["off", "luong", "gnmt"]
AttentionScore: TypeAlias = Literal["dot", "general", "additive"]
"""How a state of the decoder is compared with the positions of the source."""
TokenizerKind: TypeAlias = Literal["word", "whitespace", "character", "bpe", "tags"]
"""What a token is."""
Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps"]
"""Where a model runs. `auto`: CUDA, then MPS, then the CPU."""
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]
"""The type that matrix products run in. `auto`: bfloat16 where the processor computes in it."""
ExportPrecision: TypeAlias = Literal["float32", "int8"]
"""What the weights of an export are kept in."""

Split: TypeAlias = Literal["train", "validation", "test"]
"""The parts of a corpus that Tandem knows by name."""
BulkEngineName: TypeAlias = Literal["local", "daft", "ray"]
"""What runs the shards of a bulk job."""
BulkTask: TypeAlias = Literal["translate", "score", "evaluate"]
"""What a bulk job does with its lines."""
BulkFormatName: TypeAlias = Literal["auto", "text", "tsv", "jsonl", "parquet"]
"""The form of the inputs of a bulk job. `auto`: by the ending of each name."""
BulkOnError: TypeAlias = Literal["record", "stop"]
"""What happens at a line that cannot be translated: it is recorded and its output is empty, or the job stops."""
OnError: TypeAlias = Literal["stop", "drop"]
"""What happens at a faulty pair: it is an error, or it is dropped and counted."""
Separator: TypeAlias = Literal["comma", "semicolon", "tab"]
"""What separates the columns of a CSV file."""

OptimizerName: TypeAlias = Literal["adam", "adamw", "sgd"]
LearningRateSchedule: TypeAlias = Literal["constant", "linear", "inverse-sqrt", "halving", "plateau"]
ForcingSchedule: TypeAlias = Literal["constant", "linear", "exponential", "inverse-sigmoid"]
GradientPer: TypeAlias = Literal["token", "sentence"]
"""What the sum of a step's losses is divided by."""
Criterion: TypeAlias = Literal["loss", "bleu", "chrf", "exact"]
"""What makes a checkpoint the best one of its run."""

Averaging: TypeAlias = Literal["arithmetic", "geometric"]
"""How the probabilities of several models are averaged."""
BleuTokenizer: TypeAlias = Literal["13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none"]
"""The tokenizers of sacreBLEU that need no download."""
TokenizerChoice: TypeAlias = Literal["auto", "13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none"]
"""`auto`: the tokenizer that fits the script of the references."""

LARGEST_PROCESSES = 256
LARGEST_BEAM = 10_000
LARGEST_BATCH = 100_000
"""Sentences that are translated together."""
LARGEST_COUNT = 10**9
"""The limit for what is counted, such as sentence pairs, tokens or validations. No training reaches it."""
LARGEST_LENGTH_PENALTY = 5
"""With a larger one, length ** penalty of a hypothesis of some ten thousand tokens overflows float32."""
LARGEST_COVERAGE = 10
LARGEST_LENGTH_FACTOR = 100
LARGEST_LENGTH_EXTRA = 10_000
"""With the factor, this bounds the time and the memory that one output may take."""
MAX_CHARACTERS = 10_000
"""Characters that a side of a pair may have by default."""


def check_forcing(schedule: ForcingSchedule, k: float | None) -> None:
    """Raise ValueError where a schedule of teacher forcing has no `k` and needs one, or `k` does not fit it."""
    needs_k = schedule in ("exponential", "inverse-sigmoid")
    if needs_k != (k is not None):
        raise ValueError(f"the schedule {schedule} {'needs' if needs_k else 'takes no'} k; k is {k}")
    if k is not None and (not 0 < k < 1 if schedule == "exponential" else k < 1):
        rule = "between 0 and 1" if schedule == "exponential" else "1 or more"
        raise ValueError(f"k is {k}; for the schedule {schedule} it must be {rule}")
