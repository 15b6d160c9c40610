"""What the pages have in common: their templates, and the parts about an analysis, which are charts and contexts."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from importlib import resources
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tandem.analysis import Findings, Plane
from tandem.analysis.breakdown import Breakdown
from tandem.report.charts import Chart, Point, Series, draw
from tandem.report.curves import figure
from tandem.report.scatter import draw_plane, mark_of, plane_groups
from tandem.version import __version__

_SCRIPTS = ("plane.js", "alignments.js")
_APART = 0.09
"""The distance between the dots of two systems as a share of a bin's width, so that intervals do not overlap."""


def render_page(template: str, findings: Findings | None, plane: Plane | None, values: Mapping[str, Any]) -> str:
    """Return a page of a template, which escapes all `values`, with the charts and the contexts of an analysis."""
    environment = Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": _figure, "astuple": astuple}
    script, allowed = page_script()
    return environment.get_template(template).render(
        **values,
        parts=None if findings is None else _sections(findings, plane),
        script=script,
        allowed=allowed,
        version=__version__,
    )


def page_script() -> tuple[Markup, str]:
    """Return the script of the pictures, and the hash by which the policy of a page allows this script alone."""
    text = "\n".join(_resource(name) for name in _SCRIPTS)
    digest = hashlib.sha256(text.encode()).digest()
    return Markup(text), f"sha256-{base64.b64encode(digest).decode()}"


def safe_drawing(chart: Chart) -> Markup:
    """Return a chart for a template, marked as safe: its texts are escaped where they are drawn."""
    return Markup(draw(chart))


def breakdown_charts(findings: Findings) -> list[Chart]:
    """Return the charts of BLEU by length and by frequency."""
    names = [score.name for score in findings.scores]
    return [
        _breakdown_chart("BLEU by sentence length", findings.by_length, names),
        _breakdown_chart("BLEU by word frequency", findings.by_frequency, names),
    ]


def _breakdown_chart(title: str, breakdown: Breakdown, systems: Sequence[str]) -> Chart:
    """Return a chart with a line for each system over bins of equal width; ticks are where two bins meet."""
    bins = breakdown.bins
    series = []
    for number, name in enumerate(systems):
        aside = (number - (len(systems) - 1) / 2) * _APART
        points = []
        for place, bin_ in enumerate(bins):
            score = bin_.scores[number]
            where = f"{bin_.sentences} sentences of {_short(bin_.low)} to {_short(bin_.high)}"
            points.append(
                Point(
                    place + 0.5 + aside,
                    score.value,
                    f"{score.low:.1f} to {score.high:.1f}: {where}",
                    (score.low, score.high),
                )
            )
        series.append(Series(name, points, marked=True))
    ticks = [(float(place), _short(bin_.low)) for place, bin_ in enumerate(bins)]
    ticks.append((float(len(bins)), _short(bins[-1].high)))
    return Chart(title, breakdown.prop, series, x_ticks=ticks)


def _sections(findings: Findings, plane: Plane | None) -> dict[str, Any]:
    return {
        "findings": findings,
        "charts": [(chart, safe_drawing(chart)) for chart in breakdown_charts(findings)],
        "contexts": None if plane is None else _plane_section(plane),
    }


def _plane_section(plane: Plane) -> dict[str, Any]:
    """Return the picture of contexts, its legend (name, colour and mark), and what the script shows of each phrase."""
    groups = plane_groups(plane)
    return {
        "plane": plane,
        "drawing": Markup(ElementTree.tostring(draw_plane(plane), encoding="unicode")),
        "legend": [(group, *mark_of(number)) for number, group in enumerate(groups)] if len(groups) > 1 else [],
        "phrases": [
            {
                "text": phrase.text,
                "group": phrase.group,
                "translation": phrase.translation,
                "neighbours": [(near.text, near.distance) for near in phrase.neighbours],
            }
            for phrase in plane.phrases
        ],
    }


def _resource(name: str) -> str:
    return resources.files("tandem.report").joinpath(name).read_text("utf-8")


def _figure(value: object, digits: int) -> str:
    number = figure(value)
    if number is None:
        return "–"
    return f"{number:,.{digits}f}" if abs(number) < 1e7 else f"{number:.2e}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value < 10_000 else f"{value / 1000:.1f}k"
