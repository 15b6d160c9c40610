"""Line charts as SVG elements, styled by the page and readable without colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree

Element = ElementTree.Element

WIDTH, HEIGHT = 480, 270  # The size of the drawing in its own units; the page scales it
COLOURS = 8
"""The number of colours that pages and pictures have for lines and groups; a ninth line looks like the first."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 12, 42
_TINIEST = 1e-300  # A smaller value is drawn as 0: dividing it could underflow
_MOST_POINTS = 240  # The number of points in a line; more could not be told apart


@dataclass(frozen=True)
class Point:
    """One value of a curve."""

    x: float
    y: float | None  # None where it is not finite, which breaks the line
    place: str  # Shown with the value when somebody points at it, such as `epoch 2, step 454`
    interval: tuple[float, float] | None = None  # A confidence interval, drawn as a bar through the dot


@dataclass(frozen=True)
class Series:
    """One line and its entry in the legend."""

    name: str
    points: Sequence[Point]
    marked: bool = False  # Whether each value has a dot, for lines of few values


@dataclass(frozen=True)
class Chart:
    """Lines over one pair of axes."""

    title: str
    x_label: str
    series: Sequence[Series]
    from_zero: bool = False  # Whether the vertical axis begins at zero
    x_ticks: Sequence[tuple[float, str]] = ()  # Positions and texts; ticks are at round values where it is empty


@dataclass(frozen=True)
class _Axis:
    ticks: Sequence[float]
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def without_empty(chart: Chart) -> Chart:
    """Return the chart without the lines that have no value; it may have no line left."""
    kept = [series for series in chart.series if any(point.y is not None for point in series.points)]
    return replace(chart, series=kept)


def draw(chart: Chart) -> str:
    """Return the chart as the text of an `<svg>` element; see `drawing`."""
    return ElementTree.tostring(drawing(chart), encoding="unicode")


def drawing(chart: Chart) -> Element:
    """Return the chart as an `<svg>` element.

    Lines have the classes `line line-0`, `line line-1` and so on, dots `dot dot-0` and intervals `bar bar-0`. Axes and
    texts have classes too; no colour is set here. Raises ValueError when no point has a value.
    """
    points = [point for series in chart.series for point in series.points]
    values = [point.y for point in points if point.y is not None]
    if not values:
        raise ValueError(f"The chart {chart.title!r} has no value to draw.")
    values += [end for point in points for end in point.interval or ()]
    drawn = [Series(series.name, _thinned(series.points), series.marked) for series in chart.series]
    positions = [point.x for series in drawn for point in series.points] + [place for place, _ in chart.x_ticks]
    x = _axis(min(0.0, *positions), max(positions), 6, _LEFT, WIDTH - _RIGHT, tight=True)
    lowest = min(0.0, *values) if chart.from_zero else min(values)
    y = _axis(lowest, max(values), 5, HEIGHT - _BOTTOM, _TOP)

    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": _summary(chart)})
    _draw_axes(svg, x, y, chart)
    for number, series in enumerate(drawn):
        _draw_series(svg, series, number % COLOURS, x, y)
    return svg


def _summary(chart: Chart) -> str:
    """Return the text for a screen reader: the title, and where each line begins and ends."""
    parts = []
    for series in chart.series:
        values = [point.y for point in series.points if point.y is not None]
        if values:
            parts.append(f"{series.name} from {values[0]:.4g} to {values[-1]:.4g}")
    return f"{chart.title}: {'; '.join(parts)}"


def _draw_axes(svg: Element, x: _Axis, y: _Axis, chart: Chart) -> None:
    for tick in y.ticks:
        height = y.at(tick)
        draw_line(svg, "grid", (_LEFT, height), (WIDTH - _RIGHT, height))
        draw_text(svg, (_LEFT - 7, height + 4), "end", _tick_text(tick, y.ticks))
    for tick, text in chart.x_ticks or [(tick, _tick_text(tick, x.ticks)) for tick in x.ticks]:
        draw_line(svg, "axis", (x.at(tick), HEIGHT - _BOTTOM), (x.at(tick), HEIGHT - _BOTTOM + 4))
        draw_text(svg, (x.at(tick), HEIGHT - _BOTTOM + 18), "middle", text)
    draw_line(svg, "axis", (_LEFT, HEIGHT - _BOTTOM), (WIDTH - _RIGHT, HEIGHT - _BOTTOM))
    draw_text(svg, ((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 4), "middle", chart.x_label)


def _draw_series(svg: Element, series: Series, number: int, x: _Axis, y: _Axis) -> None:
    commands, pen_is_down = [], False
    for point in series.points:
        if point.y is not None:
            place = f"{x.at(point.x):.1f} {y.at(point.y):.1f}"
            # "h0", a line of zero length with round ends, shows a single value between gaps.
            commands.append(f"L{place}" if pen_is_down else f"M{place}h0")
        pen_is_down = point.y is not None
    ElementTree.SubElement(svg, "path", {"class": f"line line-{number}", "d": "".join(commands)})
    alone = sum(point.y is not None for point in series.points) == 1
    for point in series.points:
        if point.y is None:
            continue
        if point.interval is not None:
            low, high = (y.at(end) for end in point.interval)
            draw_line(svg, f"bar bar-{number}", (x.at(point.x), low), (x.at(point.x), high))
        # Where no dot is shown, a larger invisible one still catches the pointer.
        shown = series.marked or alone
        attributes = {
            "class": f"dot dot-{number}" if shown else "target",
            "cx": f"{x.at(point.x):.1f}",
            "cy": f"{y.at(point.y):.1f}",
            "r": "3.5" if shown else "6",
        }
        ElementTree.SubElement(
            ElementTree.SubElement(svg, "circle", attributes), "title"
        ).text = f"{series.name} {point.y:.5g}, {point.place}"


def draw_line(svg: Element, kind: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Add a line with a class."""
    (x1, y1), (x2, y2) = start, end
    attributes = {"class": kind, "x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    ElementTree.SubElement(svg, "line", attributes)


def draw_text(svg: Element, place: tuple[float, float], anchor: str, text: str) -> None:
    """Add a text that starts, ends or is centred at a position, by its anchor."""
    x, y = place
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ElementTree.SubElement(svg, "text", attributes).text = text


def _axis(low: float, high: float, ticks: int, start: float, end: float, *, tight: bool = False) -> _Axis:
    """Return an axis with about `ticks` ticks, at multiples of 1, 2 or 5 times a power of ten.

    A tight axis ends at the last value, any other at the next tick.
    """
    if high - low <= max(1e-9 * max(abs(high), abs(low)), _TINIEST):
        # A single value or a level line needs some room as well.
        room = abs(high) / 2 if abs(high) > _TINIEST else 0.5
        low, high = (low if low == 0 else low - room), high + room
    step = _step((high - low) / ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = [number * step for number in range(first, last + 1)]
    if tight:
        marks = [mark for mark in marks if low <= mark + step * 1e-9 and mark - step * 1e-9 <= high]
        return _Axis(marks, low, high, start, end)
    return _Axis(marks, marks[0], marks[-1], start, end)


def _step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _tick_text(tick: float, ticks: Sequence[float]) -> str:
    largest = max(abs(other) for other in ticks)
    if largest >= 10_000:
        for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if largest >= size * 2:
                return f"{tick / size:.6g}{suffix if tick else ''}"
    return f"{tick:.6g}"


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return no more points than can be told apart: each run of neighbours becomes its mean, at the last position."""
    if len(points) <= _MOST_POINTS:
        return points
    size = math.ceil(len(points) / _MOST_POINTS)
    thinned = []
    for first in range(0, len(points), size):
        bunch = points[first : first + size]
        values = [point.y for point in bunch if point.y is not None]
        mean = sum(values) / len(values) if values else None
        thinned.append(Point(bunch[-1].x, mean, bunch[-1].place))
    return thinned
