import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.report.charts import HEIGHT, WIDTH, Chart, Point, Series, draw, without_empty

FIGURES = st.floats(-1e99, 1e99)


def chart(values: Sequence[float | None], *, marked: bool = False, from_zero: bool = False) -> Chart:
    points = [Point(place, value, f"step {place}") for place, value in enumerate(values, start=1)]
    return Chart("Loss", "step", [Series("training", points, marked)], from_zero)


def places(svg: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(circle.attrib["cx"]), float(circle.attrib["cy"])) for circle in svg.iter("circle")]


@given(st.lists(st.one_of(st.none(), FIGURES), min_size=1, max_size=9).filter(lambda v: v != [None] * len(v)))
def test_everything_drawn_lies_within_the_picture(values: list[float | None]) -> None:
    svg = ElementTree.fromstring(draw(chart(values)))
    numbers = [
        (float(element.attrib[key]), WIDTH if "x" in key else HEIGHT)
        for element in svg.iter()
        for key in ("cx", "cy", "x", "y", "x1", "x2", "y1", "y2")
        if key in element.attrib
    ]
    assert len(places(svg)) == sum(value is not None for value in values)
    assert all(0 <= number <= limit for number, limit in numbers)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9))
def test_higher_values_stand_higher_and_later_ones_further_right(values: list[float]) -> None:
    drawn = places(ElementTree.fromstring(draw(chart(values))))
    assert drawn == sorted(drawn, key=lambda place: place[0])
    for value, (_, y) in zip(values, drawn, strict=True):
        for other, (_, other_y) in zip(values, drawn, strict=True):
            assert not value > other or y <= other_y


@given(st.floats(1e-9, 1e9), st.floats(1.001, 1e6))
def test_ticks_are_few_in_order_and_all_different(low: float, factor: float) -> None:
    svg = ElementTree.fromstring(draw(chart([low, low * factor])))
    texts = [text.text for text in svg.iter("text") if text.attrib["text-anchor"] == "end"]
    assert 2 <= len(texts) <= 8
    assert len(set(texts)) == len(texts)


def test_an_axis_from_zero_begins_there() -> None:
    ticks = re.findall(r'text-anchor="end">([^<]*)<', draw(chart([11_000, 12_000], from_zero=True)))
    assert ticks[0] == "0"
    assert ticks[-1] == "15k"
    assert "0" not in re.findall(r'text-anchor="end">([^<]*)<', draw(chart([11_000, 12_000])))


def test_a_missing_value_breaks_the_line() -> None:
    svg = ElementTree.fromstring(draw(chart([3.0, 2.0, None, 1.5, None, 1.0, 0.5])))
    path = svg.find("path")
    assert path is not None
    assert path.attrib["d"].count("M") == 3
    assert path.attrib["d"].count("L") == 2


def test_pointing_at_a_value_tells_it() -> None:
    svg = ElementTree.fromstring(draw(chart([3.25, None, 2.0])))
    titles = [title.text for title in svg.iter("title")]
    assert titles == ["training 3.25, step 1", "training 2, step 3"]


def test_few_values_are_dots_and_many_are_a_line() -> None:
    assert draw(chart([1.0, 2.0])).count('class="dot') == 0
    assert draw(chart([1.0, 2.0], marked=True)).count('class="dot') == 2
    assert draw(chart([1.0])).count('class="dot') == 1


def test_a_long_line_is_thinned_to_its_means() -> None:
    values = [math.sin(place) for place in range(10_000)]
    values[5_000] = math.pi * 1_000
    svg = ElementTree.fromstring(draw(chart(values)))
    drawn = places(svg)
    assert 100 < len(drawn) <= 240
    titles = [title.text or "" for title in svg.iter("title")]
    means = [float(title.split()[1].rstrip(",")) for title in titles]
    assert sum(means) / len(means) == pytest.approx(sum(values) / len(values), rel=0.05)
    assert titles[-1].endswith("step 10000")


def test_names_are_escaped() -> None:
    named = Chart("<Loss>", "a & b", [Series("<script>", [Point(1, 1.0, '"here"')])])
    text = draw(named)
    assert "<script>" not in text
    svg = ElementTree.fromstring(text)
    assert svg.attrib["aria-label"] == "<Loss>: <script> from 1 to 1"
    assert [title.text for title in svg.iter("title")] == ['<script> 1, "here"']


def test_lines_without_values_are_left_out() -> None:
    empty, full = Series("validation", [Point(1, None, "")]), Series("training", [Point(1, 1.0, "")])
    assert without_empty(Chart("Loss", "step", [empty, full])).series == [full]
    with pytest.raises(ValueError, match="'Loss' has no value"):
        draw(Chart("Loss", "step", [empty]))


@pytest.mark.parametrize("values", [[5e-324], [0.0, 5e-324], [1e-310, -1e-310], [1e38, 1e-38]])
def test_the_smallest_numbers_there_are_can_be_drawn(values: list[float]) -> None:
    assert len(places(ElementTree.fromstring(draw(chart(values))))) == len(values)
