"""`tandem compare`."""

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tandem.checkpoint import load_checkpoint
from tandem.cli.corpora import ReferencesOptions, corpus_options, corpus_references
from tandem.cli.options import (
    LARGEST_SAMPLES,
    LARGEST_SEED,
    AllowUnkOption,
    BatchSizeOption,
    BeamOption,
    DeviceOption,
    LengthPenaltyOption,
    MaxLengthExtraOption,
    MaxLengthFactorOption,
    OnErrorOption,
    PrecisionOption,
    QuietOption,
    RawOption,
    TokenizeOption,
)
from tandem.cli.show import PreparingBar
from tandem.cli.streams import print_json, standard_output
from tandem.cli.translate import search_settings
from tandem.metrics.bootstrap import Resampling
from tandem.metrics.tables import RESAMPLED
from tandem.recording.console import PrintableConsole, show_text
from tandem.runs import compare
from tandem.runs.changes import shown
from tandem.runs.comparison import RunComparison
from tandem.translation.settings import BATCH_SIZE, SearchSettings
from tandem.translation.translator import Translator


@corpus_options
def compare_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs or checkpoints.")],
    corpus: ReferencesOptions,
    on_error: OnErrorOption = "stop",
    lowercase: Annotated[
        bool | None, typer.Option(help="Score in lower case. Default: the first recipe's search.lowercase_scores.")
    ] = None,
    raw: RawOption = False,
    tokenize: TokenizeOption = None,
    samples: Annotated[int, typer.Option(min=1, max=LARGEST_SAMPLES, help="Bootstrap resamples.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Of the resamples.")] = 0,
    beam: BeamOption = None,
    length_penalty: LengthPenaltyOption = None,
    max_length_factor: MaxLengthFactorOption = None,
    max_length_extra: MaxLengthExtraOption = None,
    batch_size: BatchSizeOption = BATCH_SIZE,
    allow_unk: AllowUnkOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as JSON.")] = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
    quiet: QuietOption = False,
) -> None:
    """Compare trainings: mean and deviation over seeds, and whether systems differ by more than chance.

    - `tandem compare runs/one runs/two --source test.de --target test.en`
    - `tandem compare runs/small-seed1 runs/small-seed2 runs/large-seed1 runs/large-seed2 --corpus multi30k:test`

    Runs whose recipes differ only in the seed are one system. `tandem evaluate` makes an ensemble of several runs;
    this measures each by itself.
    """
    standard_output()  # before the work
    pairs = corpus_references(corpus, load_checkpoint(runs[0]).recipe, on_error).pairs

    def search(translator: Translator) -> SearchSettings:
        return search_settings(
            translator, beam, length_penalty, max_length_factor, max_length_extra, 1, batch_size, allow_unk
        )

    progress = PreparingBar(PrintableConsole(stderr=True, quiet=quiet))
    try:
        found = compare(
            runs,
            pairs,
            search=search,
            lowercase=lowercase,
            raw=raw,
            tokenize=tokenize,
            resampling=Resampling(samples, seed),
            device=device,
            precision=precision,
            on_progress=progress,
        )
    finally:
        progress.close()
    if as_json:
        print_json(_figures(found))
        return
    console = PrintableConsole()
    for name in found.signatures:
        _show_score(console, found, name)
    _show_settings(console, found)
    show_text(console, f"{found.sources:,} different sources")


def _show_score(console: Console, found: RunComparison, name: str) -> None:
    """One score of all systems, and how the others differ from the first one."""
    first, *others = found.systems
    better = "higher" if RESAMPLED[name].higher_is_better else "lower"
    console.print(Text(f"{name} ({better} is better)", style="bold"))
    table = _table("system", "runs", "mean", "deviation", "lowest", "highest")
    for system in found.systems:
        spread = system.spreads[name]
        deviation = "-" if spread.deviation is None else f"{spread.deviation:.2f}"
        figures = f"{spread.mean:.2f}", deviation, f"{spread.lowest:.2f}", f"{spread.highest:.2f}"
        table.add_row(Text(system.name), str(len(system.runs)), *figures)
    console.print(table)
    signature = found.signatures[name]
    if others:
        table = _table(f"difference from {first.name}", "mean", "95 %", "p")
        for system in others:
            difference = system.differences[name]
            more = difference.interval
            interval = f"{more.low:+.2f} to {more.high:+.2f}"
            table.add_row(Text(system.name), f"{more.value:+.2f}", interval, f"{difference.p_value:.4f}")
        console.print(table)
        signature += f"|{found.resampling}"
    show_text(console, f"{signature}\n", "dim")


def _table(*headings: str) -> Table:
    table = Table(*(Column(Text(heading), justify="right") for heading in headings), show_edge=False, pad_edge=False)
    table.columns[0].justify = "left"
    return table


def _show_settings(console: Console, found: RunComparison) -> None:
    """What differs between the systems' recipes, their runs and how they searched."""
    console.print(Text("The systems", style="bold"))
    table = Table("", *(Column(Text(system.name)) for system in found.systems), show_edge=False, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    table.add_row("seeds", *(", ".join(str(run.seed) for run in system.runs) for system in found.systems))
    table.add_row("search", *(system.search for system in found.systems))
    for name, values in found.settings.items():
        table.add_row(Text(name), *(Text(shown(value)) for value in values))
    console.print(table)
    console.print()


def _figures(found: RunComparison) -> dict[str, Any]:
    """The whole comparison for JSON, with the command that made it."""
    systems = [
        {
            "name": system.name,
            "search": system.search,
            "runs": [{"path": str(run.path), "seed": run.seed, "scores": dict(run.scores)} for run in system.runs],
            "scores": {
                name: asdict(spread)
                | ({"difference": asdict(system.differences[name])} if name in system.differences else {})
                for name, spread in system.spreads.items()
            },
        }
        for system in found.systems
    ]
    return {
        "command": shlex.join(["tandem", *sys.argv[1:]]),
        "sources": found.sources,
        "signatures": dict(found.signatures),
        "resampling": found.resampling,
        "systems": systems,
        "settings": {name: list(values) for name, values in found.settings.items()},
    }
