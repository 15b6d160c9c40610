"""SVG files for a paper, with styles and legend inside, on white."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from tandem.analysis.plane import Plane
from tandem.report.charts import COLOURS, HEIGHT, WIDTH, Chart, Element, draw_line, draw_text, drawing
from tandem.report.scatter import PLANE_HEIGHT, PLANE_WIDTH, draw_plane, mark_of, plane_groups

_PALETTE = ("#1f6feb", "#c2410c", "#15803d", "#9333ea", "#0e7490", "#be185d", "#854d0e", "#475569")
_DASHES = ("none", "7 4", "2 4", "9 3 2 3", "4 2", "12 4", "1 3", "6 2 1 2")
_CHARACTER = 6.6  # The mean width of a letter in the legend
_ROW = 22
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML does not allow in any form."""
_STYLE = (
    "text{font:12.5px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;fill:#222}"
    ".title{font-weight:600;font-size:14px}"
    ".place text{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".grid{stroke:#ddd}.axis{stroke:#444}.line{fill:none;stroke-width:2}.target{fill:transparent}"
    ".bar{stroke-width:1.5;opacity:.55}.tie{stroke-width:1;opacity:.45}"
    ".leader{stroke:#777;stroke-width:.8;stroke-dasharray:1.5 2}"
)


@dataclass(frozen=True)
class _Entry:
    name: str
    draw: Element  # Its sign, which fits into 26 by 10 units


def chart_picture(chart: Chart) -> str:
    """Return a chart as the text of an SVG file."""
    entries = []
    for index, series in enumerate(chart.series):
        number = index % COLOURS
        sign = Element("g")
        draw_line(sign, f"line line-{number}", (1, 5), (25, 5))
        ElementTree.SubElement(sign, "circle", {"class": f"dot dot-{number}", "cx": "13", "cy": "5", "r": "3.5"})
        entries.append(_Entry(series.name, sign))
    return _picture(chart.title, drawing(chart), WIDTH, HEIGHT, entries if len(entries) > 1 else [])


def plane_picture(title: str, plane: Plane) -> str:
    """Return the contexts of phrases as the text of an SVG file."""
    entries = []
    groups = plane_groups(plane)
    for number, name in enumerate(groups):
        colour, mark = mark_of(number)
        sign = Element("g")
        shape = {"class": f"mark group-{colour}", "d": mark, "transform": "translate(15 5)"}
        ElementTree.SubElement(sign, "path", shape)
        entries.append(_Entry(name, sign))
    return _picture(title, draw_plane(plane), PLANE_WIDTH, PLANE_HEIGHT, entries if len(groups) > 1 else [])


def _picture(title: str, drawn: Element, width: int, height: int, entries: Sequence[_Entry]) -> str:
    rows = _rows(entries, width - 24)
    top = 30 + _ROW * len(rows)
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height + top}",
            "width": str(width),
            "height": str(height + top),
        },
    )
    ElementTree.SubElement(svg, "title").text = title
    ElementTree.SubElement(svg, "style").text = _STYLE + _colours()
    ElementTree.SubElement(svg, "rect", {"width": "100%", "height": "100%", "fill": "#fff"})
    draw_text(svg, (12, 20), "start", title)
    svg[-1].set("class", "title")
    for row, row_entries in enumerate(rows):
        x = 12.0
        for entry in row_entries:
            y = 32 + _ROW * row
            entry.draw.set("transform", f"translate({x:.1f} {y})")
            svg.append(entry.draw)
            draw_text(svg, (x + 32, y + 9), "start", entry.name)
            x += _width(entry)
    drawn.attrib |= {"y": str(top), "width": str(width), "height": str(height)}
    svg.append(drawn)
    return _ILLEGAL.sub("\ufffd", ElementTree.tostring(svg, encoding="unicode")) + "\n"


def _rows(entries: Sequence[_Entry], width: float) -> list[list[_Entry]]:
    rows: list[list[_Entry]] = []
    used = width
    for entry in entries:
        if used + _width(entry) > width:
            rows.append([])
            used = 0
        rows[-1].append(entry)
        used += _width(entry)
    return rows


def _width(entry: _Entry) -> float:
    return 50 + _CHARACTER * len(entry.name)


def _colours() -> str:
    lines = "".join(
        f".line-{n}{{stroke:{_PALETTE[n]};stroke-dasharray:{dash}}}.bar-{n}{{stroke:{_PALETTE[n]}}}"
        f".dot-{n}{{fill:{_PALETTE[n]}}}"
        for n, dash in enumerate(_DASHES)
    )
    groups = "".join(
        f".mark.group-{n}{{fill:{_PALETTE[n]}}}line.group-{n}{{stroke:{_PALETTE[n]}}}" for n in range(COLOURS)
    )
    return lines + groups
