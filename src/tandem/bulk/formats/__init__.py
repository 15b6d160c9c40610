"""The forms of a bulk job's inputs and outputs, one file each."""

from collections.abc import Mapping

from tandem.bulk.formats.form import BulkFormat, BulkRow, Result
from tandem.bulk.formats.json_lines import JsonLinesFormat
from tandem.bulk.formats.parquet import ParquetFormat
from tandem.bulk.formats.tab_separated import TabSeparatedFormat
from tandem.bulk.formats.text import TextFormat
from tandem.files.compression import PACKED_SUFFIXES
from tandem.names import BulkFormatName

__all__ = ["FORMATS", "BulkFormat", "BulkRow", "Result", "format_of"]

FORMATS: Mapping[BulkFormatName, BulkFormat] = {
    format.name: format for format in (TextFormat(), TabSeparatedFormat(), JsonLinesFormat(), ParquetFormat())
}
"""The forms by their names."""


def format_of(name: str) -> BulkFormat:
    """Return the form that the ending of a file's name says; plain text for any other."""
    for suffix in PACKED_SUFFIXES:
        name = name.lower().removesuffix(suffix)
    return next((form for form in FORMATS.values() if name.endswith(form.endings)), FORMATS["text"])
