"""The consoles on which everything for people is printed."""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from tandem.terminal import printable_lines

_WIDE = 10_000
"""Columns of an output that is no terminal, so that its lines and tables are never folded or cut."""


class PrintableConsole(Console):
    """A console on which texts cannot steer the terminal: characters that are not printable are replaced.

    Texts are not taken for markup, and nothing in them is highlighted.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        """Open standard output, or standard error; a `quiet` console prints nothing."""
        super().__init__(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)
        if not self.is_terminal:
            self.width = _WIDE

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as a plain console does, with the texts made printable; what moves the cursor is left as it is."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable_lines(segment.text))


def show_text(console: Console, text: str = "", style: str = "") -> None:
    """Print a text, whatever it holds: it is not taken for markup, and its lines stay whole."""
    console.print(Text(text, style), soft_wrap=True)


def show_table(
    console: Console, headings: Sequence[str], align: str, rows: Iterable[Iterable[str | Text]], *, lines: bool = False
) -> None:
    """Print a table, whatever its texts hold. `align` has a letter a column, l or r; `lines` draws one between rows."""
    table = Table(show_edge=False, pad_edge=False, show_lines=lines)
    for heading, letter in zip(headings, align, strict=True):
        table.add_column(Text(heading), justify="right" if letter == "r" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console.print(table)


def announce(console: Console, sentence: str) -> None:
    """Print a sentence that a user should know before the work, or during it."""
    show_text(console, f"• {sentence}")
