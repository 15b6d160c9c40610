import math

from hypothesis import given
from hypothesis import strategies as st

from tandem.report.labels import Box, place_labels

BOUNDS = Box(0, 0, 600, 400)
POINTS = st.lists(st.tuples(st.floats(10, 590), st.floats(10, 390)), min_size=1, max_size=25)
WIDTH, LINE = 5.7, 14
"""What a letter and a line take, as the module reckons."""


def boxes(points: list[tuple[float, float]], texts: list[str]) -> list[Box | None]:
    """What each label covers."""
    found: list[Box | None] = []
    for (x, y), text, label in zip(points, texts, place_labels(points, texts, BOUNDS), strict=True):
        if label is None:
            found.append(None)
            continue
        wide = len(text) * WIDTH
        left = x + label.x - wide * {"start": 0, "middle": 0.5, "end": 1}[label.anchor]
        found.append(Box(left, y + label.y - LINE * 3 / 4, left + wide, y + label.y + LINE / 4))
    return found


@given(POINTS, st.integers(1, 30))
def test_no_label_hides_another_or_a_point_or_leaves_the_picture(points: list[tuple[float, float]], size: int) -> None:
    found = [box for box in boxes(points, ["m" * size] * len(points)) if box is not None]
    for number, box in enumerate(found):
        assert box.left >= -1e-6
        assert box.top >= -1e-6
        assert box.right <= BOUNDS.right + 1e-6
        assert box.bottom <= BOUNDS.bottom + 1e-6
        shrunk = Box(box.left + 1e-6, box.top + 1e-6, box.right - 1e-6, box.bottom - 1e-6)
        assert not any(shrunk.meets(other) for other in found[number + 1 :])
        assert not any(shrunk.meets(Box(x - 5, y - 5, x + 5, y + 5)) for x, y in points)


def test_where_there_is_room_each_label_stands_beside_its_point() -> None:
    points = [(100.0, 100.0), (300.0, 200.0), (500.0, 300.0)]
    labels = place_labels(points, ["one", "two", "three"], BOUNDS)
    assert all(label is not None and math.hypot(label.x, label.y) < 12 and not label.far for label in labels)


def test_a_text_that_fits_nowhere_is_left_out() -> None:
    assert place_labels([(300.0, 200.0)], ["m" * 200], BOUNDS) == [None]
    crowd = [(300.0, 200.0)] * 200
    labels = place_labels(crowd, ["some text"] * 200, BOUNDS)
    assert labels.count(None) > 100
    assert any(label is not None and label.far for label in labels)
