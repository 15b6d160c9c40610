"""`kind = "csv"`: a CSV file as spreadsheets write it (RFC 4180). How it is written is detected."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal, Self

from tandem.corpora.corpus_kind import Option, TableCorpus, locate
from tandem.corpora.feature_columns import SAMPLE_ROWS, find_features
from tandem.corpora.headers import column_index, first_pairs, looks_like_header, numbering_warning
from tandem.corpora.pairs import Fault, FileCorpus, Pair, checked_pair, with_features
from tandem.corpora.records import listed, short_line
from tandem.corpora.table_rows import Row, table_rows
from tandem.errors import CorpusError
from tandem.files.lines import check_read_again, line_limit, read_lines
from tandem.names import Separator
from tandem.terminal import shell_command

_CHARACTERS: dict[Separator, str] = {"tab": "\t", "semicolon": ";", "comma": ","}
"""The separators. Of those that fit a file equally well the first is taken, since texts have many commas."""
_FEW_FAULTY = 2
"""Faulty lines that a file in UTF-8 may have. More, if its good lines beyond ASCII are fewer, mean another encoding."""
_SAMPLE_ROWS = 1000
_SAMPLE_CHARACTERS = 1 << 20  # how much of a file's beginning is read to detect how it is written


class CsvCorpus(TableCorpus):
    """A CSV file as spreadsheets write it, in columns by number (from 1) or by the name in its header."""

    kind: Literal["csv"]
    separator: Separator | Literal["auto"] = "auto"
    """auto: it is detected, as `header` is. The recipe of a run then has what was detected."""
    header: bool | Literal["auto"] = "auto"  # whether the first row has the columns' names

    options: ClassVar[tuple[Option, ...]] = (Option("csv", "FILE", "Pairs in a table saved by a spreadsheet: CSV."),)
    endings: ClassVar[tuple[str, ...]] = (".csv",)

    def open(self, folder: str | None) -> "CsvFile":
        """Open the file, and detect what is left to be detected. Raise CorpusError as `open_csv` does."""
        path = locate(self.path, folder)
        columns = self.source_column, self.target_column
        return open_csv(path, *columns, self.separator, self.header, features_column=self.features_column)

    def with_features(self, folder: str | None) -> Self:
        """See `CorpusKind.with_features`."""
        file = self.open(folder)
        rows = _sample_fields(_sample(file.path), file.separator)[:SAMPLE_ROWS]
        rows[:1] = [[name.strip() for name in row] for row in rows[:1]]
        columns = find_features(rows) or ()
        return self.model_copy(update=dict(zip(self.column_settings, columns, strict=False)))

    def settled(self, folder: str | None, notify: Callable[[str], object]) -> Self:
        """Return the corpus with the separator and the header that were detected."""
        if "auto" not in (self.separator, self.header):
            return self
        file = self.open(folder)
        notify(file.summary())
        return self.model_copy(update={"separator": file.separator, "header": file.header})


@dataclass(frozen=True)
class CsvFile(FileCorpus):
    """A CSV file, plain or compressed: a pair a row, in columns by number, counted from 1, or by name."""

    source_column: int | str
    target_column: int | str
    separator: Separator
    header: bool  # Whether the first row has the columns' names. Otherwise it is a pair.
    features_column: int | str | None = None

    @property
    def has_features(self) -> bool:
        """Whether a column has features."""
        return self.features_column is not None

    @property
    def columns(self) -> tuple[int | str, ...]:
        """The columns that are read."""
        columns = self.source_column, self.target_column, self.features_column
        return tuple(column for column in columns if column is not None)

    @property
    def layout(self) -> str:
        """The separator, the header and the columns."""
        header = "a header" if self.header else "no header"
        return f"CSV, {self.separator}, {header}, columns {', '.join(map(repr, self.columns))}"

    def warnings(self) -> list[str]:
        """Warn of row numbers as sources."""
        return numbering_warning(self.name, first_pairs(self))

    def notes(self) -> list[str]:
        """Say how the file is written, and warn."""
        return [self.summary(), *self.warnings()]

    def summary(self) -> str:
        """Say how the file is written and which columns are read."""
        sample = _sample(self.path)
        fields = _sample_fields(sample, self.separator)
        columns = self.columns
        first_pair = ""
        if self.header:
            header = _header(table_rows(sample, _CHARACTERS[self.separator], _SAMPLE_CHARACTERS), self.path)
            width = len(header)
            columns_read = f"a header: columns {listed(header[column_index(c, header, self.path)] for c in columns)}"
        else:
            width = _usual_width(fields)
            columns_read = f"no header: columns {', '.join(map(str, columns))}"
            indices = [column_index(column, [], self.path) for column in columns]
            if fields and len(fields[0]) > max(indices):  # if this is a header after all, the user sees it
                first_pair = f"; the first pair is {listed(fields[0][index] for index in indices)}"
        if width > 2:
            columns_read += f" of {width}" + ("; choose others with --columns" if columns == (1, 2) else "")
        quoted = "quoted, " if any(isinstance(line, str) and '"' in line for line in sample) else ""
        return f"{self.name}: {self.separator}-separated, {quoted}{columns_read}{first_pair}"

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a row; raise CorpusError when the header lacks a column."""
        limit = line_limit(max_characters)
        separator = _CHARACTERS[self.separator]
        rows = table_rows(read_lines(self.path, limit, utf16=True), separator, limit)
        header = _header(rows, self.path) if self.header else []
        columns = [column_index(column, header, self.path) for column in self.columns]
        width = len(header) or max(max(columns) + 1, _usual_width(_sample_fields(_sample(self.path), self.separator)))
        row = None
        for row in rows:
            place = f"{self.path} line"
            if row.fault:
                yield Fault(f"{place} {row.line}", "unreadable", row.fault)
            elif row.fields and len(row.fields) <= max(columns):
                reason = short_line(max(columns) + 1, row.fields, header, self.separator)
                yield Fault(f"{place} {row.line}", "unreadable", reason)
            elif any(row.fields[width:]):
                reason = _too_many(row.fields, width, header, self.separator)
                yield Fault(f"{place} {row.line}", "unreadable", reason)
            else:
                # A blank line has no fields, and is an empty pair.
                source, target, *features = (row.fields[column] if row.fields else "" for column in columns)
                read = with_features(source, features[0]) if features else source
                yield checked_pair(read, target, (place, place), row.line, max_characters)
        if row is None:
            raise CorpusError(f"{self.path}: there is a header but no row after it. Check the path.")


def open_csv(
    path: Path,
    source_column: int | str = 1,
    target_column: int | str = 2,
    separator: Separator | Literal["auto"] = "auto",
    header: bool | Literal["auto"] = "auto",
    *,
    features_column: int | str | None = None,
) -> CsvFile:
    """Open a CSV file, and detect the separator and whether the first row is a header where they are "auto".

    The separator is the one with which the most rows have the same number of fields and the named columns exist.
    Raise CorpusError where the file cannot be read, is not in UTF-8, or no separator gives two columns.
    """
    check_read_again(path)
    _check_encoding(path)
    columns = (source_column, target_column, *(() if features_column is None else (features_column,)))
    named = any(isinstance(column, str) for column in columns)
    if separator == "auto":
        separator = _separator(path, columns)
    if header == "auto":
        header = named or _has_header(path, columns, separator)
    elif named and not header:
        raise CorpusError(
            f"{path}: columns {' and '.join(map(repr, columns))}: without a header (header = false) columns have "
            "no names; give their numbers."
        )
    return CsvFile(path, source_column, target_column, separator, header, features_column)


def _header(rows: Iterator[Row], path: Path) -> list[str]:
    """Return the columns' names, from the first row that is not blank. Raise CorpusError where it cannot be read."""
    row = next((row for row in rows if row.fields or row.fault), None)
    if row is None:
        raise CorpusError(f"{path}: the file has no row, but a table needs a header and a pair. Check the path.")
    if row.fault:
        raise CorpusError(f"{path} line {row.line}: the header cannot be read: {row.fault}")
    return [name.strip() for name in row.fields]


def _too_many(fields: Sequence[str], width: int, header: Sequence[str], separator: str) -> str:
    return (
        f"there are {len(fields)} fields ({listed(fields)}), but {'the header has' if header else 'most rows have'} "
        f"{width}. A text that holds a {separator} must stand in quotes. Mend the row."
    )


def _sample(path: Path) -> list[str | bytes | None]:
    lines: list[str | bytes | None] = []
    size = 0
    for line in islice(read_lines(path, _SAMPLE_CHARACTERS, utf16=True), _SAMPLE_ROWS):
        lines.append(line)
        size += len(line or b"")
        if size > _SAMPLE_CHARACTERS:
            break
    return lines


def _check_encoding(path: Path) -> None:
    """Raise CorpusError where a file is in another encoding, but not where it is UTF-8 with a faulty line or two.

    Excel's plain "CSV" is in Windows-1252 or a similar encoding. Dropping its rows that are not UTF-8 would drop every
    word with an umlaut.
    """
    lines = _sample(path)
    faulty = [number for number, line in enumerate(lines, start=1) if isinstance(line, bytes)]
    good = sum(isinstance(line, str) and not line.isascii() for line in lines)
    if len(faulty) <= max(_FEW_FAULTY, good):
        return
    if any(isinstance(line, bytes) and b"\0" in line for line in lines):
        raise CorpusError(f"{path}: this is no text: it holds NUL bytes. Save the table as CSV (UTF-8).")
    convert = shell_command("iconv", "-f", "WINDOWS-1252", "-t", "UTF-8", path)
    raise CorpusError(
        f"{path} line {faulty[0]}: the file is not in UTF-8, but in another encoding, such as Windows-1252. In the "
        f"spreadsheet, save it as 'CSV UTF-8'; or convert it, for example with: {convert} > utf-8.csv"
    )


def _sample_fields(lines: Sequence[str | bytes | None], separator: Separator) -> list[list[str]]:
    """Return the fields of each row of the sample that is not blank; none for a row that cannot be read."""
    rows = list(table_rows(lines, _CHARACTERS[separator], 2 * _SAMPLE_CHARACTERS))
    return [row.fields for row in rows if row.fields or row.fault]


def _usual_width(fields: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, fields)).most_common(1)[0][0] if fields else 0


def _separator(path: Path, columns: Sequence[int | str]) -> Separator:
    lines = _sample(path)
    names = [column for column in columns if isinstance(column, str)]
    fits: dict[Separator, float] = {}
    for separator in _CHARACTERS:
        fields = _sample_fields(lines, separator)
        if not fields:
            break
        width = _usual_width(fields)
        fits[separator] = sum(len(row) == width for row in fields) / len(fields) if width > 1 else 0.0
        if names and set(names) <= {name.strip() for name in fields[0]}:
            fits[separator] += 1
    best = max(fits, key=fits.__getitem__, default=None)
    if best is None or fits[best] < 0.5:
        mac = isinstance(lines[0], str) and "\r" in lines[0]
        raise CorpusError(
            f"{path}: most rows have no two columns, separated by commas, semicolons or tabs"
            f"{', and lines end with carriage returns alone' if mac else ''}. Save the table as CSV (UTF-8), with a "
            "column for the sources and one for the targets."
        )
    return best


def _has_header(path: Path, columns: Sequence[int | str], separator: Separator) -> bool:
    fields = _sample_fields(_sample(path), separator)
    indices = [column_index(column, [], path) for column in columns]
    rows = [[row[index] for index in indices] for row in fields if len(row) > max(indices)]
    return bool(fields) and len(fields[0]) > max(indices) and looks_like_header(rows[0], rows[1:])
