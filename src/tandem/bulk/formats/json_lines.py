"""A JSON object a line: the output has one field more, and the other fields byte by byte as they were."""

import json
from collections.abc import Sequence
from pathlib import Path

from tandem.bulk.bulk_job import BulkInput
from tandem.bulk.formats.form import BulkRow, Columns, Result
from tandem.bulk.formats.line_files import LineFiles
from tandem.corpora.records import Unreadable, json_object, text_at
from tandem.names import BulkFormatName
from tandem.translation.forms import json_line


class JsonLinesFormat(LineFiles):
    """A JSON object a line; a dotted key reaches into nested objects."""

    name: BulkFormatName = "jsonl"
    endings: tuple[str, ...] = (".jsonl", ".ndjson")
    adds = True

    def find_columns(self, path: Path, wanted: Sequence[str], count: int) -> tuple[Columns, bool]:  # noqa: ARG002
        """See `BulkFormat.find_columns`: by default `source` and `target`."""
        return tuple(wanted) or ("source", "target")[:count], False

    def texts(self, source: BulkInput, line: str) -> tuple[str, ...]:
        """Return the texts under the keys."""
        record = json_object(line)
        if source.to in record:
            raise Unreadable(f"there is {source.to!r} already. Name another field with --to.")
        return tuple(text_at(record, str(key)) for key in source.columns)

    def line(self, row: BulkRow, result: Result, to: str) -> bytes:
        """Return the object with one field more; only that field where the line holds no object."""
        kept = (row.carried or b"").strip(b" \t\r\n")
        record = _object(kept)
        added = json_line({to: result.value})
        if record is None:
            return added
        if to in record:
            return bytes(kept) + b"\n"
        inside = kept[:-1].rstrip()
        return bytes(inside) + (b", " if record else b"") + added[1:]


def _object(line: bytes) -> dict[str, object] | None:
    """Return the object of JSON in a line; None where there is none."""
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
