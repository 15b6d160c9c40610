"""The page that a person looks at after a run: one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from tandem.metrics import Score
from tandem.report.charts import draw
from tandem.report.curves import curves, figure
from tandem.storage import replace_file
from tandem.version import __version__


@dataclass(frozen=True)
class ReportContents:
    """What a report tells. Every text is shown as it is; empty parts are left out."""

    title: str
    summary: Sequence[tuple[str, str]] = ()
    """Labels and values, such as `("best epoch", "8 of 10")`."""
    metrics: Sequence[Mapping[str, object]] = ()
    """The lines of the run's metrics file."""
    scores: Sequence[Score] = ()
    """Of the kept model on the test corpus."""
    samples: Sequence[tuple[str, str, str]] = ()
    """Source, reference and translation."""
    recipe: str = ""
    """In TOML."""


def write_report(path: Path, contents: ReportContents) -> None:
    """Write the report as one HTML file that fetches nothing; an older one is replaced.

    CheckpointError where it cannot be written.
    """
    replace_file(path, _page(contents))


def _page(contents: ReportContents) -> str:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = _figure
    template = resources.files("tandem.report").joinpath("page.html.jinja").read_text("utf-8")
    run = curves(contents.metrics)
    # The drawings are ours, and their texts are escaped where they are made.
    charts = [(chart, Markup(draw(chart))) for chart in run.charts]
    return environment.from_string(template).render(
        contents=contents, charts=charts, epochs=run.epochs, score_names=run.score_names, version=__version__
    )


def _figure(value: object, digits: int) -> str:
    """Return a number with so many decimals, or a dash where there is none."""
    number = figure(value)
    if number is None:
        return "–"
    return f"{number:,.{digits}f}" if abs(number) < 1e7 else f"{number:.2e}"
