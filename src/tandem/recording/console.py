"""The consoles that everything for people is printed to."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from tandem.terminal import printable_lines

_WIDE = 10_000
"""Columns of an output that is no terminal: its lines and tables are never folded or cut."""


def show_text(console: Console, text: str = "", style: str = "") -> None:
    """Print a text, whatever it holds: it is not taken for markup, and its lines stay whole."""
    console.print(Text(text, style), soft_wrap=True)


class PrintableConsole(Console):
    """A console on which texts cannot steer the terminal: what they hold besides printable characters is replaced.

    Texts are not taken for markup, and nothing in them is highlighted.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        """`quiet`: nothing is printed at all."""
        super().__init__(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)
        if not self.is_terminal:
            self.width = _WIDE

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as a plain console does, with the texts made printable; what moves the cursor is left as it is."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable_lines(segment.text))
