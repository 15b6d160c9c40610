"""The forms of a bulk job's inputs and outputs, one file each."""

from collections.abc import Mapping

from tandem.bulk.formats.form import BulkFormat, BulkRow, Result
from tandem.bulk.formats.json_lines import JsonLinesFormat
from tandem.bulk.formats.parquet import ParquetFormat
from tandem.bulk.formats.tab_separated import TabSeparatedFormat
from tandem.bulk.formats.text import TextFormat
from tandem.errors import CorpusError
from tandem.files.compression import PACKED_SUFFIXES
from tandem.names import BulkFormatName

__all__ = ["FORMATS", "BulkFormat", "BulkRow", "Result", "format_of"]

_TABLES = (".csv", ".xlsx", ".xls", ".ods")
"""The endings of tables whose rows cannot be divided at line ends, so that their lines are not texts either."""

FORMATS: Mapping[BulkFormatName, BulkFormat] = {
    format.name: format for format in (TextFormat(), TabSeparatedFormat(), JsonLinesFormat(), ParquetFormat())
}
"""The forms by their names."""


def format_of(name: str) -> BulkFormat:
    """Return the form that the ending of a file's name says; plain text for any other.

    Raise CorpusError for the endings of tables that no form reads.
    """
    plain = name.lower()
    for suffix in PACKED_SUFFIXES:
        plain = plain.removesuffix(suffix)
    if plain.endswith(_TABLES):
        raise CorpusError(
            f"{name}: a bulk job does not read tables of this kind. Save it with tabs between the columns, as .tsv, or "
            "translate its lines as they are with --format text"
        )
    return next((form for form in FORMATS.values() if plain.endswith(form.endings)), FORMATS["text"])
