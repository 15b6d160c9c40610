"""Plain text: a text a line, and what became of it on a line of the output."""

from collections.abc import Sequence
from pathlib import Path

from tandem.bulk.bulk_job import BulkInput
from tandem.bulk.formats.form import BulkRow, Columns, Result
from tandem.bulk.formats.line_files import LineFiles
from tandem.errors import CorpusError
from tandem.names import BulkFormatName


class TextFormat(LineFiles):
    """A text a line."""

    name: BulkFormatName = "text"
    endings: tuple[str, ...] = (".txt",)
    adds = False

    def find_columns(self, path: Path, wanted: Sequence[str], count: int) -> tuple[Columns, bool]:
        """See `BulkFormat.find_columns`: lines of plain text have no columns."""
        if count > 1:
            raise CorpusError(
                f"{path}: pairs are read from columns, and plain text has none. Give a .tsv, .jsonl or .parquet file"
            )
        if wanted:
            raise CorpusError(
                f"{path}: columns are named, and plain text has none. Leave --columns out, or give --format"
            )
        return (1,), False

    def texts(self, source: BulkInput, line: str) -> tuple[str, ...]:  # noqa: ARG002 - as of the other forms
        """Return the line itself."""
        return (line,)

    def line(self, row: BulkRow, result: Result, to: str) -> bytes:  # noqa: ARG002 - as of the other forms
        """Return the record of what became of the line."""
        return result.record
