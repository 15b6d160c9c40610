"""The page that a person looks at after a run: one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tandem.analysis import Findings, Plane
from tandem.files.atomic import replace_file
from tandem.metrics import Score
from tandem.metrics.calibration import ReliabilityBin
from tandem.report.charts import draw
from tandem.report.curves import curves
from tandem.report.sections import plane_script, sections
from tandem.report.templates import page_template
from tandem.version import __version__


@dataclass(frozen=True)
class ReportContents:
    """What a report tells. Every text is shown as it is; empty parts are left out."""

    title: str
    summary: Sequence[tuple[str, str]] = ()
    """Labels and values, such as `("best epoch", "8 of 10")`."""
    metrics: Sequence[Mapping[str, object]] = ()
    """The lines of the run's metrics file."""
    scores: Sequence[Score] = ()
    """Of the kept model on the test corpus."""
    baselines: Sequence[str] = ()
    """What simple ways that need no model are worth on the same corpus, a sentence each."""
    reliability: Sequence[ReliabilityBin] = ()
    """How sure the kept model was of its translations of the test corpus, and how many of them are right."""
    samples: Sequence[tuple[str, str, str]] = ()
    """Source, reference and translation."""
    findings: Findings | None = None
    """What the kept model does on the test corpus."""
    contexts: Plane | None = None
    """Of sources of the test corpus."""
    reasons: Sequence[str] = ()
    """Why the recipe was chosen as it is, where it was."""
    recipe: str = ""
    """In TOML."""
    sessions: Sequence[Mapping[str, str]] = ()
    """What each part of the training ran on: labels and values, a process each."""


def write_report(path: Path, contents: ReportContents) -> None:
    """Write the report as one HTML file that fetches nothing; an older one is replaced.

    NotWrittenError where it cannot be written.
    """
    replace_file(path, _page(contents))


def _page(contents: ReportContents) -> str:
    run = curves(contents.metrics)
    # The drawings are ours, and their texts are escaped where they are made.
    charts = [(chart, Markup(draw(chart))) for chart in run.charts]
    script, allowed = plane_script()
    parts = None if contents.findings is None else sections(contents.findings, contents.contexts)
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
