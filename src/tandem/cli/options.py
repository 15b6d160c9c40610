"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tandem.names import (
    LARGEST_BATCH,
    LARGEST_BEAM,
    LARGEST_LENGTH_EXTRA,
    LARGEST_LENGTH_FACTOR,
    LARGEST_LENGTH_PENALTY,
    Averaging,
    Device,
    OnError,
    Precision,
    TokenizerChoice,
)

LARGEST_SAMPLES = 100_000
"""Of bootstrap resamples: a hundred times what is usual, and the figures of all of them are held in memory."""
LARGEST_SEED = 2**32 - 1
_MOST_DIGITS = 18
"""Of a number: Python itself refuses to read one of thousands."""

SettingsOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change a setting; may be repeated.")
]
QuietOption: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print results and errors alone: no progress, no announcements.")
]
DeviceOption: TypeAlias = Annotated[Device, typer.Option(help="Where the model runs.")]
PrecisionOption: TypeAlias = Annotated[
    Precision,
    typer.Option(help="Matrix products in float32 or bfloat16; auto takes bfloat16 where the processor has it."),
]
ModelsArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="MODEL...", help="A run's directory, or a checkpoint's; of several, the ensemble."),
]
AveragingOption: TypeAlias = Annotated[
    Averaging, typer.Option(help="How the probabilities of several models are averaged.")
]
OnErrorOption: TypeAlias = Annotated[
    OnError,
    typer.Option(help="A pair with an empty or too long side: stop there, or drop it, and say how many were dropped."),
]
BeamOption: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, max=LARGEST_BEAM, help="Hypotheses kept at each step; 1 is greedy. Default: the recipe's."),
]
LengthPenaltyOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=LARGEST_LENGTH_PENALTY,
        help="Rank by log-probability / tokens ** this. Default: the recipe's.",
    ),
]
MaxLengthFactorOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=LARGEST_LENGTH_FACTOR,
        help="An output has at most this many tokens for each token of its source. Default: the recipe's.",
    ),
]
MaxLengthExtraOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=0, max=LARGEST_LENGTH_EXTRA, help="Tokens that an output may have besides. Default: the recipe's."
    ),
]
BatchSizeOption: TypeAlias = Annotated[
    int, typer.Option(min=1, max=LARGEST_BATCH, help="Sentences that are translated together.")
]
RawOption: TypeAlias = Annotated[
    bool, typer.Option("--raw", help="Score texts as they stand, instead of in Unicode NFC with single spaces.")
]
TokenizeOption: TypeAlias = Annotated[
    TokenizerChoice | None,
    typer.Option(
        help="How BLEU tells words apart, by sacreBLEU's names; auto goes by the references' script. "
        "Default: the recipe's search.score_tokenize."
    ),
]
AllowUnkOption: TypeAlias = Annotated[bool, typer.Option("--allow-unk", help="Let `<unk>` stand in translations.")]


def decimal(text: str) -> int:
    """The number that a text of digits is; -1 for any other text, and for a number beyond all that options take."""
    digits = text.strip()
    return int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else -1
