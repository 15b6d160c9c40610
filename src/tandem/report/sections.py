"""The parts of a page about an analysis: its charts, and the picture of contexts with what the script needs."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from xml.etree import ElementTree

from markupsafe import Markup

from tandem.analysis import Findings, Plane
from tandem.report.breakdowns import breakdown_chart
from tandem.report.charts import Chart, draw
from tandem.report.scatter import MARKS, draw_plane, mark_of, plane_groups

LENGTH_TITLE, FREQUENCY_TITLE = "BLEU by sentence length", "BLEU by word frequency"


@dataclass(frozen=True)
class PlaneSection:
    """A picture of contexts."""

    plane: Plane
    drawing: Markup
    legend: Sequence[tuple[str, int, str]]
    """Name, colour and mark of each group; empty where there is only one."""
    phrases: Sequence[dict[str, object]]
    """What the script shows about each phrase."""


@dataclass(frozen=True)
class Sections:
    """The parts of a page about an analysis."""

    findings: Findings
    charts: Sequence[tuple[Chart, Markup]]
    contexts: PlaneSection | None


def breakdown_charts(findings: Findings) -> tuple[Chart, Chart]:
    """Return the charts of BLEU by length and by frequency."""
    names = [score.name for score in findings.scores]
    return (
        breakdown_chart(LENGTH_TITLE, findings.by_length, names),
        breakdown_chart(FREQUENCY_TITLE, findings.by_frequency, names),
    )


def draw_sections(findings: Findings, plane: Plane | None) -> Sections:
    """Draw the charts and the picture of contexts."""
    # The charts may be marked as safe: their texts are escaped where they are drawn.
    charts = [(chart, Markup(draw(chart))) for chart in breakdown_charts(findings)]
    return Sections(findings, charts, None if plane is None else _plane_section(plane))


def _plane_section(plane: Plane) -> PlaneSection:
    groups = plane_groups(plane)
    legend = [(group, *_sign(number)) for number, group in enumerate(groups)] if len(groups) > 1 else []
    phrases: list[dict[str, object]] = [
        {
            "text": phrase.text,
            "group": phrase.group,
            "translation": phrase.translation,
            "neighbours": [(near.text, near.distance) for near in phrase.neighbours],
        }
        for phrase in plane.phrases
    ]
    drawing = Markup(ElementTree.tostring(draw_plane(plane), encoding="unicode"))
    return PlaneSection(plane, drawing, legend, phrases)


def _sign(group: int) -> tuple[int, str]:
    colour, mark = mark_of(group)
    return colour, MARKS[mark]


def plane_script() -> tuple[Markup, str]:
    """Return the script of the picture, and the hash by which the policy of a page allows this script alone."""
    text = resources.files("tandem.report").joinpath("plane.js").read_text("utf-8")
    digest = hashlib.sha256(text.encode()).digest()
    return Markup(text), f"sha256-{base64.b64encode(digest).decode()}"
