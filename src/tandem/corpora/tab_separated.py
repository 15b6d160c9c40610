"""`kind = "tsv"`: a file with a pair a line, in columns that tabs separate."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Literal, Self

from tandem.corpora.corpus_kind import Option, TableCorpus, locate
from tandem.corpora.feature_columns import SAMPLE_ROWS, find_features
from tandem.corpora.headers import column_index, first_pairs, header_warning, numbering_warning
from tandem.corpora.pairs import Fault, FileCorpus, Pair, checked_pair, with_features
from tandem.corpora.records import listed, short_line
from tandem.errors import CorpusError
from tandem.files.lines import check_read_again, line_limit, read_lines, why_not_utf8
from tandem.names import MAX_CHARACTERS


class TabSeparatedCorpus(TableCorpus):
    """A file with a pair a line, in columns by number (from 1) or by the name in its first line."""

    kind: Literal["tsv"]

    options: ClassVar[tuple[Option, ...]] = (Option("tsv", "FILE", "Pairs in tab-separated columns."),)
    endings: ClassVar[tuple[str, ...]] = (".tsv", ".tab")

    def open(self, folder: str | None) -> "TabSeparated":
        """Open the file."""
        return TabSeparated(locate(self.path, folder), self.source_column, self.target_column, self.features_column)

    def with_features(self, folder: str | None) -> Self:
        """See `CorpusKind.with_features`."""
        path = locate(self.path, folder)
        check_read_again(path)
        lines = islice(read_lines(path, line_limit(MAX_CHARACTERS)), SAMPLE_ROWS)
        rows = [line.split("\t") for line in lines if isinstance(line, str) and line.strip()]
        columns = find_features(rows) or ()
        return self.model_copy(update=dict(zip(self.column_settings, columns, strict=False)))


@dataclass(frozen=True)
class TabSeparated(FileCorpus):
    """A file, plain or compressed, with the fields of a line separated by tabs; there is no quoting.

    Columns are numbers, counted from 1, or names; when a name is given, the first line is the header.
    """

    source_column: int | str = 1
    target_column: int | str = 2
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
        """The columns."""
        return f"tab-separated columns {', '.join(map(repr, self.columns))}"

    @property
    def _has_header(self) -> bool:
        return any(isinstance(column, str) for column in self.columns)

    def warnings(self) -> list[str]:
        """Warn of row numbers as sources, of columns that are not read, of quotes, and of a header read as a pair."""
        pairs = first_pairs(self)
        if not pairs:
            return []
        warnings = numbering_warning(self.name, pairs)
        first_line = next(read_lines(self.path, line_limit(MAX_CHARACTERS)), None)
        columns = first_line.split("\t") if isinstance(first_line, str) else []
        if len(columns) > 2 and self.columns == (1, 2):
            warnings.append(f"{self.name}: columns 1 and 2 of {len(columns)} are read; choose others with --columns")
        if 2 * sum(map(_is_quoted, pairs)) > len(pairs):
            warnings.append(
                f"{self.name}: its texts stand in quotes, which are taken for part of them; if a spreadsheet wrote the "
                f"file, give --csv {shlex.quote(str(self.path))} instead of --tsv"
            )
        if not self._has_header:
            warnings += header_warning(self.name, pairs, _name_the_columns(columns or list(pairs[0])))
        return warnings

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line; raise CorpusError when the header lacks a column."""
        lines = read_lines(self.path, line_limit(max_characters))
        skipped = int(self._has_header)
        header = self._header(next(lines)) if skipped else []
        source, target, *features = indices = [column_index(column, header, self.path) for column in self.columns]
        place = f"{self.path} line"
        number = skipped
        for number, text in enumerate(lines, start=1 + skipped):
            if not isinstance(text, str) or not text.strip():
                yield checked_pair(text, text, (place, place), number, max_characters)
                continue
            fields = text.split("\t")
            if max(indices) < len(fields):
                read = with_features(fields[source], fields[features[0]]) if features else fields[source]
                yield checked_pair(read, fields[target], (place, place), number, max_characters)
            else:
                reason = short_line(max(indices) + 1, fields, header, "tab")
                yield Fault(f"{place} {number}", "unreadable", reason)
        if number == skipped:
            raise CorpusError(f"{self.path}: there is a header but no line after it. Check the path.")

    def _header(self, line: str | bytes | None) -> list[str]:
        if isinstance(line, str):
            return line.split("\t")
        reason = "is too long" if line is None else why_not_utf8(line)
        raise CorpusError(f"{self.path} line 1: the header {reason}")


def _name_the_columns(header: Sequence[str]) -> str:
    """Say how a file with this header is read, as a clause."""
    if any("," in name for name in header):
        return "remove it"
    if len(header) > 2:
        return f"name two of its columns, {listed(header)}: --columns SOURCE,TARGET"
    return f"name the columns: --columns {shlex.quote(','.join(header))}"


def _is_quoted(pair: Pair) -> bool:
    return all(len(side) > 1 and side[0] == side[-1] == '"' for side in pair)
