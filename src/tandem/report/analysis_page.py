"""What an analysis leaves behind: a page, pictures for a paper, and all figures."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tandem.analysis import Analysis
from tandem.report.pictures import chart_picture, plane_picture
from tandem.report.sections import breakdown_charts, plane_script, sections
from tandem.report.templates import page_template
from tandem.storage import replace_file
from tandem.version import __version__


def write_analysis(folder: Path, analysis: Analysis) -> Path:
    """Write analysis.html, its pictures as SVG and analysis.json into a folder, which is made; the page's path.

    Older ones are replaced. CheckpointError where they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in zip(("length", "frequency"), breakdown_charts(analysis.findings), strict=True):
        replace_file(folder / f"bleu-by-{name}.svg", chart_picture(chart))
    if analysis.contexts is not None:
        replace_file(folder / "contexts.svg", plane_picture("Contexts", analysis.contexts))
    figures = json.dumps(analysis_figures(analysis), indent=2, ensure_ascii=False)
    replace_file(folder / "analysis.json", figures + "\n")
    path = folder / "analysis.html"
    replace_file(path, _page(analysis))
    return path


def analysis_figures(analysis: Analysis) -> dict[str, Any]:
    """All that was found out, as JSON has it."""
    return {"version": __version__, **asdict(analysis)}


def _page(analysis: Analysis) -> str:
    script, allowed = plane_script()
    parts = sections(analysis.findings, analysis.contexts)
    return page_template("analysis.html.jinja").render(
        analysis=analysis, parts=parts, script=script, allowed=allowed, version=__version__
    )
