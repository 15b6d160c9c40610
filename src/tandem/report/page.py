"""The report of a run: one HTML file that needs no other file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tandem.analysis import Findings, Plane
from tandem.files.atomic import replace_file
from tandem.metrics import Score
from tandem.metrics.calibration import ReliabilityBin
from tandem.report.charts import draw
from tandem.report.curves import read_curves
from tandem.report.sections import draw_sections, plane_script
from tandem.report.templates import page_template
from tandem.version import __version__


@dataclass(frozen=True)
class ReportContents:
    """The contents of a report. Every text is shown as it is; empty parts are left out."""

    title: str
    summary: Sequence[tuple[str, str]] = ()
    """Labels and values, such as `("best epoch", "8 of 10")`."""
    metrics: Sequence[Mapping[str, object]] = ()
    """The lines of the run's metrics file."""
    scores: Sequence[Score] = ()
    """The scores of the kept model on the test corpus."""
    baselines: Sequence[str] = ()
    """What baselines without a model are worth on the same corpus, a sentence each."""
    reliability: Sequence[ReliabilityBin] = ()
    """How confident the kept model is of its translations of the test corpus, and how many of them are right."""
    samples: Sequence[tuple[str, str, str]] = ()
    """Source, reference and translation of some sentences."""
    findings: Findings | None = None
    """How the kept model does on the test corpus."""
    contexts: Plane | None = None
    """The contexts of sources of the test corpus."""
    reasons: Sequence[str] = ()
    """The reasons for a recipe that was chosen."""
    recipe: str = ""
    """The recipe in TOML."""
    sessions: Sequence[Mapping[str, str]] = ()
    """What each session of the training ran on, as labels and values."""


def write_report(path: Path, contents: ReportContents) -> None:
    """Write the report as one HTML file that fetches nothing, in place of an older one.

    NotWrittenError where it cannot be written.
    """
    replace_file(path, _page(contents))


def _page(contents: ReportContents) -> str:
    run = read_curves(contents.metrics)
    # The charts may be marked as safe: their texts are escaped where they are drawn.
    charts = [(chart, Markup(draw(chart))) for chart in run.charts]
    script, allowed = plane_script()
    parts = None if contents.findings is None else draw_sections(contents.findings, contents.contexts)
    return page_template("page.html.jinja").render(
        contents=contents,
        charts=charts,
        epochs=run.epochs,
        score_names=run.score_names,
        parts=parts,
        script=script,
        allowed=allowed,
        version=__version__,
    )
