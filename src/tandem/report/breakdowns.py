"""BLEU by a property of the sentences, as a chart."""

from collections.abc import Sequence

from tandem.analysis.breakdown import Breakdown
from tandem.report.charts import Chart, Point, Series

_APART = 0.09
"""The distance between the dots of two systems as a share of a bin's width, so that intervals do not overlap."""


def breakdown_chart(title: str, breakdown: Breakdown, systems: Sequence[str]) -> Chart:
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


def _short(value: float) -> str:
    return f"{value:.0f}" if value < 10_000 else f"{value / 1000:.1f}k"
