"""Lines of columns that tabs separate: the output has one column more."""

from collections.abc import Sequence
from pathlib import Path

from tandem.bulk.bulk_job import BulkInput
from tandem.bulk.formats.form import BulkRow, Columns, Result
from tandem.bulk.formats.line_files import LineFiles
from tandem.corpora.headers import column_index
from tandem.corpora.records import Unreadable, short_line
from tandem.errors import CorpusError
from tandem.files.lines import line_limit, read_lines, why_not_utf8
from tandem.names import MAX_CHARACTERS, BulkFormatName


class TabSeparatedFormat(LineFiles):
    """Columns by number, counted from 1, or by the names in the first line."""

    name: BulkFormatName = "tsv"
    endings: tuple[str, ...] = (".tsv", ".tab")
    adds = True

    def find_columns(self, path: Path, wanted: Sequence[str], count: int) -> tuple[Columns, bool]:
        """See `BulkFormat.find_columns`: by default the first columns, without a header."""
        named = [int(name) if name.isdecimal() else name for name in wanted] or list(range(1, count + 1))
        if all(isinstance(column, int) for column in named):
            return tuple(column_index(column, [], path) for column in named), False
        first = next(read_lines(path, line_limit(MAX_CHARACTERS)), None)
        if not isinstance(first, str):
            raise CorpusError(f"{path} line 1: the header {'is too long' if first is None else why_not_utf8(first)}")
        return tuple(column_index(column, first.split("\t"), path) for column in named), True

    def texts(self, source: BulkInput, line: str) -> tuple[str, ...]:
        """Return the fields of the columns."""
        fields = line.split("\t")
        indices = [column for column in source.columns if isinstance(column, int)]
        if max(indices) >= len(fields):
            raise Unreadable(short_line(max(indices) + 1, fields, [], "tab"))
        return tuple(fields[index] for index in indices)

    def line(self, row: BulkRow, result: Result, to: str) -> bytes:
        """Return the line with one column more; nothing is carried of a line that is too long."""
        if row.carried is None:
            return b"\n"
        if not row.texts:
            return bytes(row.carried) + b"\t" + to.encode() + b"\n"  # the header
        added = "" if result.value is None else cell(result.value)
        return bytes(row.carried) + b"\t" + added.encode("utf-8", "replace") + b"\n"


def cell(value: str | float) -> str:
    """Return a value as a field of a line: a number with 6 decimals, a text without tabs."""
    return value.replace("\t", " ") if isinstance(value, str) else f"{value:.6f}"
