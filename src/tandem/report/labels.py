"""Where to write the names of points so that they do not hide each other."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_CHARACTER, _LINE = 5.7, 14.0
"""The mean width of a letter and the height of a line, in units of the drawing."""
_POINT = 7.0  # Half the width of a point
_ANGLES = (0, 180, 270, 90, 325, 215, 35, 145)
"""Degrees clockwise from the right, in order of preference: beside the point, a name is easiest to read."""
_DISTANCES = (10, 24, 40, 58, 80, 105)


class Box(NamedTuple):
    """The rectangle that something takes up."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Return whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class Label:
    """The position of a name relative to its point."""

    x: float
    y: float  # The position of the baseline
    anchor: str  # The part of the text that is at x: `start`, `middle` or `end`
    far: bool  # Whether a line should lead from the point to the name


def place_labels(points: Sequence[tuple[float, float]], texts: Sequence[str], bounds: Box) -> list[Label | None]:
    """Return a position for each text near its point, overlapping nothing and within bounds; None where there is none.

    The outermost points choose first.
    """
    taken = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    middle = ((bounds.left + bounds.right) / 2, (bounds.top + bounds.bottom) / 2)
    labels: list[Label | None] = [None] * len(points)
    for number in sorted(range(len(points)), key=lambda n: -math.dist(points[n], middle)):
        for label, box in _candidates(points[number], len(texts[number]) * _CHARACTER):
            inside = bounds.left <= box.left and box.right <= bounds.right
            inside = inside and bounds.top <= box.top and box.bottom <= bounds.bottom
            if inside and not any(box.meets(other) for other in taken):
                labels[number] = label
                taken.append(box)
                break
    return labels


def _candidates(point: tuple[float, float], width: float) -> Iterator[tuple[Label, Box]]:
    for distance in _DISTANCES:
        for angle in _ANGLES:
            across, down = (distance * part(math.radians(angle)) for part in (math.cos, math.sin))
            anchor = "start" if across > 1 else "end" if across < -1 else "middle"
            start = across - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
            left, top = point[0] + start, point[1] + down - _LINE / 2
            yield (
                Label(across, down + _LINE / 4, anchor, distance > _DISTANCES[0]),
                Box(left, top, left + width, top + _LINE),
            )
