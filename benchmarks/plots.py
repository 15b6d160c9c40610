"""Drawings that stand alone: charts side by side and bars, as SVG on a white ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from benchmarks.rounds import Figures
from benchmarks.tables import times
from tandem.report.charts import HEIGHT, WIDTH, Chart, Point, Series, draw

_COLOURS = ("#1f6feb", "#c2410c", "#15803d", "#7c3aed")
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;fill:#111}"
    ".grid{stroke:#ddd}.axis{stroke:#666}.target{fill:transparent}"
    ".line{fill:none;stroke-width:2;stroke-linecap:round}.line-1{stroke-dasharray:7 4}"
    + "".join(f".line-{n}{{stroke:{colour}}}.dot-{n}{{fill:{colour}}}" for n, colour in enumerate(_COLOURS))
)
_TITLE = 26
_GAP = 16

ElementTree.register_namespace("", "http://www.w3.org/2000/svg")


def _canvas(width: float, height: float, what: str) -> ElementTree.Element:
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "role": "img",
            "aria-label": what,
        },
    )
    ElementTree.SubElement(svg, "style").text = _STYLE
    ElementTree.SubElement(svg, "rect", {"width": f"{width:g}", "height": f"{height:g}", "fill": "#fff"})
    return svg


def _text(parent: ElementTree.Element, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
    attributes = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor} | ({"class": kind} if kind else {})
    ElementTree.SubElement(parent, "text", attributes).text = text


def _written(svg: ElementTree.Element) -> str:
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def grid(charts: Sequence[Chart], what: str, columns: int = 2) -> str:
    """Charts in rows of `columns`, each below its title and its legend."""
    rows = -(-len(charts) // columns)
    cell_width, cell_height = WIDTH + _GAP, HEIGHT + _TITLE + _GAP
    svg = _canvas(columns * cell_width, rows * cell_height, what)
    for place, chart in enumerate(charts):
        x, y = (place % columns) * cell_width, (place // columns) * cell_height
        _text(svg, x + 10, y + 18, chart.title, "title")
        along = x + cell_width - 96 * len(chart.series)
        for number, series in enumerate(chart.series):
            line = {"class": f"line line-{number}", "x1": f"{along:g}", "x2": f"{along + 22:g}"}
            ElementTree.SubElement(svg, "line", line | {"y1": f"{y + 14:g}", "y2": f"{y + 14:g}"})
            _text(svg, along + 26, y + 18, series.name)
            along += 96
        drawn = ElementTree.fromstring(draw(chart))
        drawn.attrib |= {"x": f"{x:g}", "y": f"{y + _TITLE:g}", "width": f"{WIDTH}", "height": f"{HEIGHT}"}
        svg.append(drawn)
    return _written(svg)


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, and what is written at its end."""

    name: str
    value: float
    label: str
    colour: int = 0


def bars(groups: Sequence[tuple[str, Sequence[Bar]]], what: str) -> str:
    """Horizontal bars from zero, group below group, each group on its own scale."""
    height = sum(_TITLE + _GAP + 22 * len(members) for _, members in groups)
    left, longest, width = 190.0, 430.0, 760.0
    svg = _canvas(width, height, what)
    y = 0.0
    for title, members in groups:
        _text(svg, 10, y + 18, title, "title")
        y += _TITLE
        most = max(bar.value for bar in members)
        for bar in members:
            _text(svg, left - 8, y + 14, bar.name, anchor="end")
            size = {"width": f"{longest * bar.value / most:.1f}", "height": "16", "fill": _COLOURS[bar.colour]}
            ElementTree.SubElement(svg, "rect", {"x": f"{left:g}", "y": f"{y + 2:g}", **size})
            _text(svg, left + longest * bar.value / most + 6, y + 14, bar.label)
            y += 22
        y += _GAP
    return _written(svg)


def scaling_plot(figures: Figures) -> str:
    """A chart for each thing that varies."""
    charts = []
    for name, axis in figures["axes"].items():
        series = [
            Series(
                side, [Point(x, y, f"{name} {x}") for x, y in zip(axis["values"], axis[side], strict=True)], marked=True
            )
            for side in axis
            if side != "values"
        ]
        charts.append(Chart(f"µs a target token by {name}", name, series, from_zero=True))
    return grid(charts, "What a target token costs in training, by batch, sizes, sentence length and threads")


def speed_plot(parts: Figures) -> str:
    """How many times the tutorial's rate: training by ratio, and decoding."""
    groups = []
    if "training" in parts:
        for ratio, sides in parts["training"]["ratios"].items():
            groups.append((f"Training at teacher-forcing ratio {ratio}, target tokens/s", _bars(sides)))
    if "decoding" in parts:
        groups.append(("Decoding, sentences/s", _bars(parts["decoding"]["rates"])))
    return bars(groups, "Rates of the tutorial's loop and of Tandem")


_SIDES = ("float32", "bfloat16", "tutorial", "export")
"""What the names of sides begin with, in the order of the colours."""


def _bars(sides: Figures) -> list[Bar]:
    return [
        Bar(
            name,
            row["median"],
            f"{row['median']:,.0f}" + ("" if name == "tutorial" else f" ({times(row['ratio'])})"),
            _SIDES.index(name.split()[0]),
        )
        for name, row in sides.items()
    ]
