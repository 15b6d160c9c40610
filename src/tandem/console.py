"""The consoles on which everything for people is printed."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
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


def announce(console: Console, sentence: str) -> None:
    """Print a sentence that a user should know before the work, or during it."""
    show_text(console, f"• {sentence}")
