"""Contexts in the plane as an SVG element, which is complete by itself and into which a script can zoom."""

from collections.abc import Sequence
from xml.etree import ElementTree

from tandem.analysis.plane import PlacedPhrase, Plane
from tandem.report.charts import COLOURS, Element, draw_line, draw_text
from tandem.report.labels import Box, Label, place_labels

PLANE_WIDTH, PLANE_HEIGHT = 1000, 640
_MARGIN = 34
_MOST_LABELS = 60
"""With more phrases, none is named in the picture; a name is then shown when somebody points at its mark."""
_MOST_CHARACTERS = 64  # The number of characters that are shown of a name
_MARKS = (
    "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0z",
    "M-5 -5h10v10h-10z",
    "M0 -6.5L6.2 5H-6.2z",
    "M0 -7L7 0L0 7L-7 0z",
)
"""A circle, a square, a triangle and a diamond around the origin."""


def plane_groups(plane: Plane) -> list[str]:
    """Return the names of the groups in order of appearance; the empty name stands for no group."""
    return list(dict.fromkeys(phrase.group for phrase in plane.phrases))


def mark_of(group: int) -> tuple[int, str]:
    """Return the number of a group's colour, and the path of its mark; together they tell 32 groups apart."""
    return group % COLOURS, _MARKS[(group + group // COLOURS) % len(_MARKS)]


def draw_plane(plane: Plane) -> Element:
    """Return the plane as an `<svg>` element; both axes have the same scale, so that distances can be compared.

    A phrase is an element of class `place` with a title, a mark and perhaps a name. Lines of class `tie` lead from the
    middle of a group to its phrases. No colour is set here.
    """
    places = _places(plane.phrases)
    summary = f"{len(places)} phrases in the plane of their contexts"
    svg = Element(
        "svg", {"viewBox": f"0 0 {PLANE_WIDTH} {PLANE_HEIGHT}", "role": "img", "aria-label": summary, "class": "plane"}
    )
    world = ElementTree.SubElement(svg, "g", {"class": "world"})
    groups = plane_groups(plane)
    for number, group in enumerate(groups):
        members = [place for place, phrase in zip(places, plane.phrases, strict=True) if phrase.group == group]
        if group and len(members) > 1:
            middle = (sum(x for x, _ in members) / len(members), sum(y for _, y in members) / len(members))
            for member in members:
                draw_line(world, f"tie group-{mark_of(number)[0]}", middle, member)
    names = [_cut(phrase.text) for phrase in plane.phrases]
    bounds = Box(4, 4, PLANE_WIDTH - 4, PLANE_HEIGHT - 24)
    labels = place_labels(places, names, bounds) if len(names) <= _MOST_LABELS else [None] * len(names)
    for phrase, place, name, label in zip(plane.phrases, places, names, labels, strict=True):
        _draw_phrase(world, phrase, place, groups.index(phrase.group), name, label)
    first, second = plane.variance
    axes = f"first axis (across): {first:.0f} % of the variance; second axis (up): {second:.0f} %"
    draw_text(svg, (PLANE_WIDTH / 2, PLANE_HEIGHT - 6), "middle", axes)
    return svg


def _draw_phrase(
    world: Element, phrase: PlacedPhrase, place: tuple[float, float], group: int, name: str, label: Label | None
) -> None:
    colour, mark = mark_of(group)
    x, y = place
    node = ElementTree.SubElement(world, "g", {"class": "place", "transform": f"translate({x:.1f} {y:.1f})"})
    near = "".join(f"\n  {neighbour.text} ({neighbour.distance:.1f})" for neighbour in phrase.neighbours)
    title = f"{phrase.text}\n→ {phrase.translation}\nnearest:{near}"
    ElementTree.SubElement(node, "title").text = title
    if label is not None and label.far:
        draw_line(node, "leader", (0, 0), (label.x, label.y - 3.5))
    ElementTree.SubElement(node, "path", {"class": f"mark group-{colour}", "d": mark})
    if label is not None:
        draw_text(node, (label.x, label.y), label.anchor, name)


def _places(phrases: Sequence[PlacedPhrase]) -> list[tuple[float, float]]:
    """Return the position of each phrase in the drawing, in which the second axis points up."""
    left, right = min(p.x for p in phrases), max(p.x for p in phrases)
    low, high = min(p.y for p in phrases), max(p.y for p in phrases)
    across, up = PLANE_WIDTH - 2 * _MARGIN, PLANE_HEIGHT - 2 * _MARGIN - 20
    # Phrases that all coincide are drawn in the middle.
    scale = min(across / max(right - left, 1e-9), up / max(high - low, 1e-9))
    middle = ((left + right) / 2, (low + high) / 2)
    return [
        (
            PLANE_WIDTH / 2 + (phrase.x - middle[0]) * scale,
            (PLANE_HEIGHT - 20) / 2 - (phrase.y - middle[1]) * scale,
        )
        for phrase in phrases
    ]


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
