"""The options that several commands share: single ones, and groups of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

from tandem.cli.groups import OptionGroup, option
from tandem.errors import RecipeError
from tandem.names import (
    LARGEST_BATCH,
    LARGEST_BEAM,
    LARGEST_COUNT,
    LARGEST_COVERAGE,
    LARGEST_LENGTH_EXTRA,
    LARGEST_LENGTH_FACTOR,
    LARGEST_LENGTH_PENALTY,
    Averaging,
    Device,
    OnError,
    Precision,
    TokenizerChoice,
)

if TYPE_CHECKING:
    from tandem.recipe import Recipe
    from tandem.translation.settings import SearchOptions as Chosen
    from tandem.translation.settings import SearchSettings
    from tandem.translation.translator import Translator

LARGEST_SAMPLES = 100_000
"""A hundred times the usual number of bootstrap resamples, whose figures are all in memory."""
LARGEST_SEED = 2**32 - 1
MOST_TRIES = 8  # Variants that can be tried, as many as `tandem.runs.trials` makes
_MOST_DIGITS = 18
"""Digits of a number. Python itself refuses to read a number of thousands of digits."""
OUTPUT = "Output"  # The panel of the options for what is written or printed
COMPUTATION = "Computation"
_SCORES = "Scores"

ModelsArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="MODEL...", help="The directory of a run, a checkpoint or an export. Several make an ensemble."
    ),
]
SettingsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change a setting of the recipe. May be repeated."),
]
OnErrorOption: TypeAlias = Annotated[
    OnError,
    typer.Option(help="For a pair with an empty or over-long side: stop, or drop it and print how many were dropped."),
]
DeviceOption: TypeAlias = Annotated[Device, typer.Option(help="Where the model runs.", rich_help_panel=COMPUTATION)]
ProcessesOption: TypeAlias = Annotated[
    int,
    typer.Option(
        min=1,
        max=1024,
        metavar="N",
        help="Train with N processes on this machine, which share each batch.",
        rich_help_panel=COMPUTATION,
    ),
]
LengthPenaltyOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0.0, max=LARGEST_LENGTH_PENALTY, help="Rank by log-probability / tokens ** this. Default: the recipe's."
    ),
]
QuietOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print only results and errors: no progress, no announcements.", rich_help_panel=OUTPUT
    ),
]


@dataclass(frozen=True)
class RunOptions(OptionGroup):
    """The recipe to train, and how its run continues."""

    panel = "The run"

    out: Path | None = option(None, "--out", "-o", metavar="DIR", help="The run's directory. Default: runs/NAME.")
    settings: SettingsOption = None
    budget: str | None = option(
        None,
        metavar="TIME",
        help="Choose a model and a schedule that finish in this time on this machine, such as 20m.",
    )
    tries: int | None = option(
        None,
        "--try",
        metavar="N",
        min=2,
        max=MOST_TRIES,
        help="Train N variants of the chosen recipe for a while, and continue with the best.",
    )
    resume: bool = option(False, "--resume", help="Resume the run in --out from its last save.")
    verify: bool = option(
        False, "--verify", help="Hash the corpus and its prepared files again instead of trusting time stamps."
    )


@dataclass(frozen=True)
class SearchOptions(OptionGroup):
    """The settings of the search for translations; None stands for the recipe's value."""

    panel = "Search"

    beam: int | None = option(
        None,
        min=1,
        max=LARGEST_BEAM,
        help="Beam width: hypotheses kept at each step; 1 is greedy. Default: the recipe's.",
    )
    length_penalty: LengthPenaltyOption = None
    coverage: float | None = option(
        None,
        min=0.0,
        max=LARGEST_COVERAGE,
        help="Strength of the penalty for source words that attention passes over. Default: the recipe's.",
    )
    max_length_factor: float | None = option(
        None,
        min=0.0,
        max=LARGEST_LENGTH_FACTOR,
        help="The most output tokens per source token. Default: the recipe's.",
    )
    max_length_extra: int | None = option(
        None, min=0, max=LARGEST_LENGTH_EXTRA, help="Output tokens allowed on top of that. Default: the recipe's."
    )
    allow_unk: bool = option(False, "--allow-unk", help="Allow `<unk>` in translations.")
    replace_unk: bool = option(
        False, "--replace-unk", help="Replace each `<unk>` by the source word that it came from."
    )
    dictionary: Path | None = option(
        None,
        metavar="FILE",
        help="With --replace-unk: lines of WORD, tab, TRANSLATION; use TRANSLATION for these words.",
    )
    batch_size: int = option(256, min=1, max=LARGEST_BATCH, help="Sentences per batch.")

    def settings(
        self,
        translator: "Translator",
        n_best: int = 1,
        sampling: "SamplingOptions | None" = None,
        *,
        alignment: bool = False,
    ) -> "SearchSettings":
        """Return the search that the options ask a translator for. RecipeError where they do not fit together."""
        options = self.chosen(sampling)
        options["n_best"], options["alignment"] = n_best, alignment
        try:
            return translator.search_settings(**options)
        except ValueError as error:
            raise RecipeError(str(error)) from error

    def chosen(self, sampling: "SamplingOptions | None" = None) -> "Chosen":
        """Return the options as `Translator.search_settings` takes them. Raise CorpusError for a faulty dictionary."""
        from tandem.bulk.dictionaries import read_dictionary

        options = asdict(self) | asdict(sampling or SamplingOptions())
        options["replace_unknown"] = options.pop("replace_unk")
        options["dictionary"] = read_dictionary(self.dictionary) if self.dictionary else None
        return cast("Chosen", options)


@dataclass(frozen=True)
class SamplingOptions(OptionGroup):
    """How translations are drawn instead of searched for."""

    panel = "Sampling"

    sample: int | None = option(
        None, metavar="N", min=1, max=LARGEST_BEAM, help="Draw N translations of each text instead of searching."
    )
    temperature: float | None = option(
        None, min=0.0, max=100.0, help="Below 1, likely tokens are drawn more often; above 1, less often."
    )
    top_k: int | None = option(
        None, metavar="K", min=1, max=LARGEST_COUNT, help="Draw only from the K most probable tokens."
    )
    top_p: float | None = option(
        None, metavar="P", min=0.0, max=1.0, help="Draw only from the fewest tokens whose probabilities add up to P."
    )
    seed: int | None = option(None, min=0, max=LARGEST_SEED, help="The seed of the draws. Default: 0.")


@dataclass(frozen=True)
class ModelOptions(OptionGroup):
    """Where a model runs, and how exactly."""

    panel = COMPUTATION

    device: DeviceOption = "auto"
    precision: Precision = option(
        "float32", help="Matrix products in float32 or bfloat16; auto uses bfloat16 if the processor has it."
    )

    def load(self, models: Path | Sequence[Path]) -> "Translator":
        """Load a model, or an ensemble."""
        from tandem.translation import load

        return load(models, **asdict(self))


@dataclass(frozen=True)
class EnsembleOptions(ModelOptions):
    """Where one or several models run, and how their probabilities become one."""

    averaging: Averaging = option("arithmetic", help="How the probabilities of several models are averaged.")


@dataclass(frozen=True)
class ScoreOptions(OptionGroup):
    """How texts are compared with references; None stands for the recipe's value."""

    panel = _SCORES

    lowercase: bool | None = option(
        None, help="Score in lower case. Default: the (first) recipe's search.lowercase_scores."
    )
    tokenize: TokenizerChoice | None = option(
        None,
        help="How BLEU splits texts into words, by sacreBLEU's names; auto chooses by the references' script. "
        "Default: the recipe's search.score_tokenize.",
    )

    def ignore_case(self, recipe: "Recipe | None") -> bool:
        """Return whether to score in lower case; the recipe decides if the options do not."""
        if self.lowercase is None:
            return recipe is not None and recipe.search.lowercase_scores
        return self.lowercase


@dataclass(frozen=True)
class TextScoreOptions(ScoreOptions):
    """How texts that may still be normalised are compared with references."""

    raw: bool = option(False, "--raw", help="Score texts as they are, instead of in Unicode NFC with single spaces.")


@dataclass(frozen=True)
class ResamplingOptions(OptionGroup):
    """How intervals and significance are estimated."""

    panel = _SCORES

    samples: int = option(1000, min=1, max=LARGEST_SAMPLES, help="Bootstrap resamples.")
    seed: int = option(0, min=0, max=LARGEST_SEED, help="The seed of the resamples.")


def decimal(text: str) -> int:
    """Return the number that a text of digits stands for; -1 for any other text, and for too large a number."""
    digits = text.strip()
    return int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else -1
