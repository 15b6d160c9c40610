"""The pages: the report of a run, and an analysis with its pictures for a paper and all figures.

A page is one HTML file that fetches nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tandem.analysis import Analysis, Attention, Findings, Plane
from tandem.files.atomic import replace_file
from tandem.metrics import Score
from tandem.metrics.calibration import ReliabilityBin
from tandem.report.curves import read_curves
from tandem.report.pictures import chart_picture, plane_picture
from tandem.report.sections import breakdown_charts, render_page, safe_drawing
from tandem.version import __version__

_PAGE, _FIGURES, _CONTEXTS = "analysis.html", "analysis.json", "contexts.svg"
_CHARTS = ("bleu-by-length.svg", "bleu-by-frequency.svg")
ANALYSIS_FILES = (_PAGE, _FIGURES, _CONTEXTS, *_CHARTS)  # All files that `write_analysis` may write


@dataclass(frozen=True)
class ReportContents:
    """The contents of a report. Every text is shown as it is; empty parts are left out.

    Scores, reliability, samples and findings are of the kept model on the test corpus.
    """

    title: str
    summary: Sequence[tuple[str, str]] = ()  # Labels and values, such as `("best epoch", "8 of 10")`
    metrics: Sequence[Mapping[str, object]] = ()  # The lines of the run's metrics file
    scores: Sequence[Score] = ()
    baselines: Sequence[str] = ()  # What baselines without a model are worth, a sentence each
    reliability: Sequence[ReliabilityBin] = ()  # How confident the model is, and how often it is right
    samples: Sequence[tuple[str, str, str]] = ()  # Source, reference and translation of some sentences
    findings: Findings | None = None
    attention: Attention | None = None  # Where the model looks in sources of the test corpus
    contexts: Plane | None = None  # The contexts of sources of the test corpus
    reasons: Sequence[str] = ()  # The reasons for a recipe that was chosen
    recipe: str = ""  # The recipe in TOML
    sessions: Sequence[Mapping[str, str]] = ()  # What each session ran on, as labels and values


def write_report(path: Path, contents: ReportContents) -> None:
    """Write the report in place of an older one. NotWrittenError where it cannot be written."""
    run = read_curves(contents.metrics)
    values = {
        "contents": contents,
        "attention": [] if contents.attention is None else [contents.attention],
        "charts": [(chart, safe_drawing(chart)) for chart in run.charts],
        "epochs": run.epochs,
        "score_names": run.score_names,
    }
    replace_file(path, render_page("page.html.jinja", contents.findings, contents.contexts, values))


def write_analysis(folder: Path, analysis: Analysis) -> Path:
    """Write analysis.html, its pictures as SVG and analysis.json into a folder, and return the path of the page.

    The folder is made, and older files are replaced. NotWrittenError where they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in zip(_CHARTS, breakdown_charts(analysis.findings), strict=True):
        replace_file(folder / name, chart_picture(chart))
    if analysis.contexts is not None:
        replace_file(folder / _CONTEXTS, plane_picture("Contexts", analysis.contexts))
    figures = json.dumps(analysis_figures(analysis), indent=2, ensure_ascii=False)
    replace_file(folder / _FIGURES, figures + "\n")
    path = folder / _PAGE
    values = {"analysis": analysis, "attention": analysis.attention}
    replace_file(path, render_page("analysis.html.jinja", analysis.findings, analysis.contexts, values))
    return path


def analysis_figures(analysis: Analysis) -> dict[str, Any]:
    """Return all figures as JSON values."""
    return {"version": __version__, **asdict(analysis)}
