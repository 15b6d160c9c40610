"""The templates of the pages, with the style and the parts that they share."""

from dataclasses import astuple
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from tandem.report.curves import figure


def page_template(name: str) -> Template:
    """Return the template of a page, which escapes everything that it is given."""
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"figure": _figure, "astuple": astuple}
    return environment.get_template(name)


def _source(name: str) -> str:
    return resources.files("tandem.report").joinpath(name).read_text("utf-8")


def _figure(value: object, digits: int) -> str:
    number = figure(value)
    if number is None:
        return "–"
    return f"{number:,.{digits}f}" if abs(number) < 1e7 else f"{number:.2e}"
