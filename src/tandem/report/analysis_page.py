"""The files of an analysis: a page, pictures for a paper, and all figures."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tandem.analysis import Analysis
from tandem.files.atomic import replace_file
from tandem.report.pictures import chart_picture, plane_picture
from tandem.report.sections import breakdown_charts, draw_sections, plane_script
from tandem.report.templates import page_template
from tandem.version import __version__

_PAGE, _FIGURES, _CONTEXTS = "analysis.html", "analysis.json", "contexts.svg"
_CHARTS = ("bleu-by-length.svg", "bleu-by-frequency.svg")
ANALYSIS_FILES = (_PAGE, _FIGURES, _CONTEXTS, *_CHARTS)
"""All files that `write_analysis` may write."""


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
    replace_file(path, _page(analysis))
    return path


def analysis_figures(analysis: Analysis) -> dict[str, Any]:
    """Return all figures as JSON values."""
    return {"version": __version__, **asdict(analysis)}


def _page(analysis: Analysis) -> str:
    script, allowed = plane_script()
    parts = draw_sections(analysis.findings, analysis.contexts)
    return page_template("analysis.html.jinja").render(
        analysis=analysis, parts=parts, script=script, allowed=allowed, version=__version__
    )
