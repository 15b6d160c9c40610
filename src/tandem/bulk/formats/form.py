"""What every form of a bulk job's inputs can do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from tandem.bulk.bulk_job import BulkInput, Shard
from tandem.bulk.cutting import Surveyed
from tandem.names import BulkFormatName

Columns: TypeAlias = tuple[int | str, ...]
"""The columns that are read: of the source and, where pairs are read, of the target."""


class BulkRow(NamedTuple):
    """A line of an input, or a row of a table."""

    number: int
    """Its number in the input, counted from 0."""
    texts: tuple[str, ...]
    """The texts of the columns; empty ones where there is a fault."""
    fault: str
    """Why it has no texts; "" where it has."""
    carried: Any
    """The rest of it, for the output."""


class Sample(NamedTuple):
    """The first rows of an input."""

    rows: list[BulkRow]
    total: int
    """About how many rows the input has."""


class Result(NamedTuple):
    """What became of a row."""

    value: str | float | None
    """What is added to a row of several columns; None where there is nothing to add."""
    record: bytes
    """What is written for a row of plain text."""


Write: TypeAlias = Callable[[Sequence[BulkRow], Sequence[Result]], object]
"""Writes rows with what became of them."""


class BulkFormat(Protocol):
    """A form of inputs. Forms hold nothing, so all jobs share them."""

    name: BulkFormatName
    endings: tuple[str, ...]
    """The endings of the names of such files."""
    adds: bool
    """Whether the output is the input with one column more, instead of a line for each line."""

    def find_columns(self, path: Path, wanted: Sequence[str], count: int) -> tuple[Columns, bool]:
        """Return the columns to read, `count` of them, and whether the first line is a header that names them.

        `wanted` are those that the user named, if any. Raise CorpusError where the file has no such columns.
        """

    def sample(self, source: BulkInput, count: int) -> Sample:
        """Return at most so many of the first rows. Raise CorpusError where the input cannot be read."""

    def survey(self, path: Path, shard_lines: int, copy: Path, on_bytes: Callable[[int], object]) -> Surveyed:
        """Cut an input into shards, as `cut_lines` does."""

    def content_sum(self, path: Path) -> str:
        """Return the sum of an input as `survey` gives it."""

    def rows(self, source: BulkInput, shard: Shard, path: Path) -> Iterator[BulkRow]:
        """Yield the rows of a shard from the file that workers read. Raise CorpusError where the input was changed."""

    def writer(
        self, source: BulkInput, shard: Shard, path: Path, to: str, value: type
    ) -> AbstractContextManager[Write]:
        """Open the output of a shard. The column `to`, with values of type `value`, is added to it."""

    def join(self, parts: Sequence[Path], path: Path) -> None:
        """Write the outputs of an input's shards as one file."""
