"""A table as a value: shown in the terminal, written into a page."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Cells as text; the first column names the row, the others hold numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table as a page has it, below its title."""
        rules = ["---", *("---:" for _ in self.columns[1:])]
        lines = [" | ".join(row) for row in (self.columns, rules, *self.rows)]
        return f"{self.title}:\n\n" + "".join(f"| {line} |\n" for line in lines)


def number(value: float) -> str:
    """Three digits that count, with separators where there are thousands."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def times(value: float) -> str:
    """Such as `3.42×` and `34.2×`."""
    return f"{value:.2f}×" if value < 10 else f"{value:,.1f}×"


def percent(share: float) -> str:
    """Such as `61 %`."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def mebibytes(size: float) -> str:
    """Such as `61 MiB`."""
    return f"{size / 2**20:,.0f} MiB" if size >= 2**20 else f"{size / 2**10:,.0f} KiB"
