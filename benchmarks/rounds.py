"""Sides that take turns, and what their turns say: the machine's moods then fall on all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]
"""What a part found, ready for JSON."""

Turn: TypeAlias = Callable[[], float]
"""One turn of a side; returns how much work it did, such as tokens."""


def alternate(sides: Mapping[str, Turn], rounds: int) -> dict[str, list[float]]:
    """Give each side its turn, once to warm up and then `rounds` times: the rates (work a second) of each."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, turn in sides.items():
            began = time.perf_counter()
            work = turn()
            seconds = time.perf_counter() - began
            if number:
                rates[name].append(work / seconds)
    return rates


def compare(rates: Mapping[str, Sequence[float]], baseline: str) -> Figures:
    """Each side's median and rounds, and how many times the baseline's rate it has.

    `ratio` is the ratio of the medians; `ratio_of_rounds` the median of the ratios within each round.
    """
    base = rates[baseline]
    return {
        name: {
            "median": rounded(statistics.median(values)),
            "ratio": rounded(statistics.median(values) / statistics.median(base)),
            "ratio_of_rounds": rounded(
                statistics.median(mine / other for mine, other in zip(values, base, strict=True))
            ),
            "rounds": [rounded(value) for value in values],
        }
        for name, values in rates.items()
    }


def rounded(value: float) -> float:
    """To four digits that count: more would pretend to be known."""
    return float(f"{value:.4g}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies, the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def evenly(items: Sequence[Any], count: int) -> list[Any]:
    """So many of the items, from the middles of as many equal stretches; all of them where there are fewer."""
    count = min(count, len(items))
    return [items[int((number + 0.5) * len(items) / count)] for number in range(count)]
