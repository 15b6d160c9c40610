"""How `--help` is printed: the usage, the text with its examples, and the options in panels.

Typer's own renderer is not used: it gives the help a narrow third of the line, and it imports a Markdown parser, a
syntax highlighter and tracebacks, which takes longer than everything else that `tandem --help` does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tandem.console import PrintableConsole

_MOST_OF_NAMES = 0.42
"""The share of a line that the names of options may take."""


def print_help(command: Any, context: Any, summaries: Mapping[str, str]) -> None:
    """Print the help of a command, or of a group with a summary of each of its commands."""
    console = PrintableConsole(fold=True)
    console.print(Padding(Text(command.get_usage(context), "bold"), 1))
    for paragraph in _paragraphs(command.help or ""):
        console.print(Padding(paragraph, (0, 1, 1, 1)))
    for title, rows in _panels(command, context).items():
        _print_panel(console, title, rows)
    if summaries:
        _print_panel(console, "Commands", summaries.items())
    for paragraph in _paragraphs(command.epilog or ""):
        console.print(Padding(paragraph, 1))


def _paragraphs(text: str) -> Iterator[RenderableType]:
    """Yield each paragraph, or list of items that begin with `- `, of a text in the little Markdown of docstrings."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith("- "):
            items = Table.grid(padding=(0, 1, 0, 0))
            for item in re.split(r"\n- ", paragraph.removeprefix("- ")):
                items.add_row("•", _text(item))
            yield items
        elif paragraph:
            yield _text(paragraph)


def _text(paragraph: str) -> Text:
    """Return a paragraph on one line, with what stands between backticks as code."""
    pieces = re.split(r"`([^`]*)`", " ".join(paragraph.split()))
    return Text.assemble(*((piece, "bold cyan" if place % 2 else "") for place, piece in enumerate(pieces)))


def _panels(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the rows of each panel by its title: arguments, options without a panel of their own, then the others."""
    panels: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for parameter in command.get_params(context):
        if record := parameter.get_help_record(context):
            default = "Arguments" if parameter.param_type_name == "argument" else "Options"
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or default, []).append(record)
    return panels


def _print_panel(console: Console, title: str, rows: Iterable[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", max_width=int(console.width * _MOST_OF_NAMES), overflow="fold")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(Text(name), _text(text))
    if table.row_count:
        panel = Panel(table, title=Text(title), title_align="left", border_style="dim")
        console.print(Padding(panel, 0))
