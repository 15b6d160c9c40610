"""`tandem compare`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.corpora import ReferencesOptions, corpus_references
from tandem.cli.options import (
    OUTPUT,
    ModelOptions,
    OnErrorOption,
    QuietOption,
    ResamplingOptions,
    SearchOptions,
    TextScoreOptions,
)
from tandem.cli.streams import standard_output


@command
def compare_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs or checkpoints.")],
    corpus: ReferencesOptions,
    on_error: OnErrorOption = "stop",
    *,
    scoring: TextScoreOptions,
    resampling: ResamplingOptions,
    search: SearchOptions,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.", rich_help_panel=OUTPUT)] = False,
    quiet: QuietOption = False,
    model: ModelOptions,
) -> None:
    """Compare trainings: mean and deviation over seeds, and whether systems differ by more than chance.

    - `tandem compare runs/one runs/two --source test.de --target test.en`
    - `tandem compare runs/small-seed1 runs/small-seed2 runs/large-seed1 runs/large-seed2 --corpus multi30k:test`

    Runs whose recipes differ only in the seed are one system. Each run is measured by itself, whereas
    `tandem evaluate` makes an ensemble of several runs.
    """
    standard_output()  # before the work
    from tandem.checkpoint import load_checkpoint
    from tandem.cli.comparison_tables import show_comparison
    from tandem.cli.notices import progress_bar
    from tandem.metrics.bootstrap import Resampling
    from tandem.runs import compare

    pairs = corpus_references(corpus, load_checkpoint(runs[0]).recipe, on_error).pairs
    with progress_bar(quiet=quiet) as bar:
        comparison = compare(
            runs,
            pairs,
            search=search.settings,
            lowercase=scoring.lowercase,
            raw=scoring.raw,
            tokenize=scoring.tokenize,
            resampling=Resampling(resampling.samples, resampling.seed),
            device=model.device,
            precision=model.precision,
            on_progress=bar,
        )
    show_comparison(comparison, as_json=as_json)
