"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tandem.build import build_corpus
from tandem.data.pairs import Pair, load_pairs
from tandem.errors import CorpusError
from tandem.members import Averaging
from tandem.recipe import (
    LARGEST_LENGTH_EXTRA,
    LARGEST_LENGTH_FACTOR,
    CorpusChoice,
    Device,
    FilesCorpus,
    HubCorpus,
    JsonLinesCorpus,
    NamedCorpus,
    Precision,
    TabSeparatedCorpus,
)

SettingsOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change a setting; may be repeated.")
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
SourceOption: TypeAlias = Annotated[
    Path | None, typer.Option("--source", "-s", metavar="FILE", help="Source texts, one a line; may be compressed.")
]
TargetOption: TypeAlias = Annotated[
    Path | None, typer.Option("--target", "-t", metavar="FILE", help="Target texts, line by line those of the source.")
]
TsvOption: TypeAlias = Annotated[
    Path | None, typer.Option("--tsv", metavar="FILE", help="Pairs in tab-separated columns.")
]
JsonlOption: TypeAlias = Annotated[Path | None, typer.Option("--jsonl", metavar="FILE", help="Pairs as JSON lines.")]
CorpusOption: TypeAlias = Annotated[
    str | None, typer.Option("--corpus", metavar="NAME[:SPLIT]", help="A known corpus: captions, multi30k.")
]
HubOption: TypeAlias = Annotated[
    str | None, typer.Option("--hub", metavar="NAME[:SPLIT]", help="A dataset of the Hugging Face Hub (extra: hub).")
]
ColumnsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="SOURCE,TARGET", help="Columns or keys of --tsv, --jsonl, --hub, by number or name."
    ),
]
BeamOption: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Hypotheses kept at each step; 1 is greedy. Default: the recipe's.")
]
LengthPenaltyOption: TypeAlias = Annotated[
    float | None,
    typer.Option(min=0.0, help="Rank by log-probability / tokens ** this. Default: the recipe's."),
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
BatchSizeOption: TypeAlias = Annotated[int, typer.Option(min=1, help="Sentences that are translated together.")]
AllowUnkOption: TypeAlias = Annotated[bool, typer.Option("--allow-unk", help="Let `<unk>` stand in translations.")]


def chosen_corpus(
    source: Path | None,
    target: Path | None,
    tsv: Path | None,
    jsonl: Path | None,
    corpus: str | None,
    hub: str | None,
    columns: str | None,
    *,
    split: str,
) -> CorpusChoice | None:
    """The corpus that these options name; None where there are none. CorpusError where they don't fit together."""
    named = {
        "--source and --target": source or target,
        "--tsv": tsv,
        "--jsonl": jsonl,
        "--corpus": corpus,
        "--hub": hub,
    }
    given = [option for option, value in named.items() if value is not None]
    if not given:
        return None
    if len(given) > 1:
        raise CorpusError(f"{' and '.join(given)}: a corpus comes from one of them; give only one")
    if tsv is not None:
        first, second = _columns(columns, "1,2")
        return TabSeparatedCorpus(
            kind="tsv", path=str(tsv), source_column=_number(first), target_column=_number(second)
        )
    if jsonl is not None:
        first, second = _columns(columns, "source,target")
        return JsonLinesCorpus(kind="jsonl", path=str(jsonl), source_key=first, target_key=second)
    if corpus is not None:
        name, _, wanted = corpus.partition(":")
        wanted = wanted or split
        if wanted not in {"train", "validation", "test"}:
            raise CorpusError(
                f"--corpus {corpus}: there is no split {wanted!r}; the splits are train, validation and test"
            )
        return NamedCorpus(kind="named", name=name, split=wanted)  # type: ignore[arg-type]
    if hub is not None:
        name, _, wanted = hub.partition(":")
        if columns is None:
            raise CorpusError(
                f"--hub {hub}: say which columns hold the texts, such as --columns translation.de,translation.en"
            )
        first, second = _columns(columns, "")
        return HubCorpus(kind="hub", name=name, split=wanted or split, source_column=first, target_column=second)
    if source is None or target is None:
        raise CorpusError("give both --source FILE and --target FILE: line n of one belongs to line n of the other")
    return FilesCorpus(source=str(source), target=str(target))


def corpus_pairs(choice: CorpusChoice | None) -> list[Pair]:
    """All pairs of a corpus to be measured on: there a faulty pair is an error. CorpusError without a corpus."""
    if choice is None:
        raise CorpusError(
            "which corpus? Give --source FILE --target FILE, or --tsv FILE, --jsonl FILE, --corpus NAME or --hub NAME"
        )
    return load_pairs(build_corpus(choice, None), on_error="stop").pairs


def _columns(columns: str | None, default: str) -> tuple[str, str]:
    parts = [part.strip() for part in (columns or default).split(",")]
    if len(parts) != 2 or not all(parts):
        raise CorpusError(f"--columns {columns}: name two columns with a comma between, such as 1,2 or de,en")
    return parts[0], parts[1]


def _number(column: str) -> int | str:
    return int(column) if column.isdecimal() else column
