"""BLEU by a property of the sentences as a chart."""

from collections.abc import Sequence

from tandem.analysis.breakdown import Breakdown
from tandem.report.charts import Chart, Point, Series

_APART = 0.09
"""Of a bin's width, between the dots of two systems, so that none hides another's interval."""


def breakdown_chart(title: str, breakdown: Breakdown, systems: Sequence[str]) -> Chart:
    """A line for each system over bins of equal width; where two bins meet stands the property's value."""
    bins = breakdown.bins
    series = []
    for number, name in enumerate(systems):
        aside = (number - (len(systems) - 1) / 2) * _APART
        points = []
        for place, found in enumerate(bins):
            score = found.scores[number]
            where = f"{found.sentences} sentences of {_short(found.low)} to {_short(found.high)}"
            points.append(
                Point(
                    place + 0.5 + aside,
                    score.value,
                    f"{score.low:.1f} to {score.high:.1f}: {where}",
                    (score.low, score.high),
                )
            )
        series.append(Series(name, points, marked=True))
    ticks = [(float(place), _short(found.low)) for place, found in enumerate(bins)]
    ticks.append((float(len(bins)), _short(bins[-1].high)))
    return Chart(title, breakdown.prop, series, x_ticks=ticks)


def _short(value: float) -> str:
    return f"{value:.0f}" if value < 10_000 else f"{value / 1000:.1f}k"
