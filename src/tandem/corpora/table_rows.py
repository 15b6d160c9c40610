"""Parses lines as rows of CSV (RFC 4180) in bounded memory; a row that cannot be read costs one line."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tandem.files.lines import why_not_utf8


class Row(NamedTuple):
    """A row of a table, or the reason why it cannot be read."""

    line: int  # the number of its first line in the file, counted from 1
    fields: list[str]
    fault: str = ""


class _TooLong(Exception):
    """A row is longer than the limit."""


class _Feed:
    """Feeds lines to the csv module. After a row that cannot be read, its lines but the first are fed again."""

    def __init__(self, lines: Iterable[str | bytes | None], limit: int) -> None:
        self._lines = enumerate(lines, start=1)
        self._limit = limit
        self._again: deque[tuple[int, str | bytes | None]] = deque()
        self.row: list[tuple[int, str | bytes | None]] = []
        """The lines of the current row, with their numbers."""
        self._size = 0

    def begin_row(self) -> None:
        self.row, self._size = [], 0

    def give_again(self) -> None:
        """Let the next row begin with the second line of this one."""
        self._again.extendleft(reversed(self.row[1:]))

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        number, line = self._again.popleft() if self._again else next(self._lines)
        self.row.append((number, line))
        self._size += len(line or b"") + 1
        if line is None or self._size > self._limit:
            raise _TooLong
        return (line if isinstance(line, str) else line.decode("utf-8", "surrogateescape")) + "\n"


def table_rows(lines: Iterable[str | bytes | None], separator: str, limit: int) -> Iterator[Row]:
    """Yield the rows of a table. After one that cannot be read, reading continues at the line after its first.

    So a quote that is never closed costs one row and not the rest of the file. A row has at most `limit` characters.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limit))  # for the whole process; it is only ever raised
    feed = _Feed(lines, limit)
    reader = csv.reader(feed, delimiter=separator, strict=True, skipinitialspace=True)
    while True:
        feed.begin_row()
        fault, fields = "", []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except _TooLong:
            fault = "the row that begins here is too long. If a quote in it is never closed, close it."
            feed.give_again()
        except csv.Error as error:
            fault = _explained(str(error))
            feed.give_again()
        bad = next((line for _, line in feed.row if isinstance(line, bytes)), None)
        if bad is not None and not fault:
            fault = f"{why_not_utf8(bad)} In a spreadsheet, save as 'CSV UTF-8'."
        yield Row(feed.row[0][0], fields, fault)


def _explained(error: str) -> str:
    """Say what an error of the csv module means for the file."""
    if "end of data" in error:
        return "a quoted field begins in this row and is never closed. Close the quote, or double it if it is text."
    if "expected after" in error:
        return (
            "text follows a closing quote, where a separator or the row's end must be. Double each quote that belongs "
            "to the text."
        )
    return "a carriage return stands outside of quotes. Save the file with ordinary line ends, or quote the field."
