"""Parquet: the output has one column more. Needs the extra `parquet`."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tandem.bulk.bulk_job import BulkInput, Shard
from tandem.bulk.cutting import Span, Surveyed
from tandem.bulk.formats.form import BulkRow, Columns, Result, Sample, Write
from tandem.corpora.records import Unreadable, listed, text_of
from tandem.errors import CorpusError
from tandem.files.lines import PARQUET_MAGIC
from tandem.files.paths import sha256_of
from tandem.names import BulkFormatName

_BATCH_ROWS = 2048
_BUFFER_BYTES = 1 << 20
_BLOCK = 1 << 20


class ParquetFormat:
    """Tables whose shards are row groups. A file of larger row groups is written anew with smaller ones."""

    name: BulkFormatName = "parquet"
    endings: tuple[str, ...] = (".parquet",)
    adds = True

    def find_columns(self, path: Path, wanted: Sequence[str], count: int) -> tuple[Columns, bool]:
        """See `BulkFormat.find_columns`: by default `source` and `target`."""
        columns = tuple(wanted) or ("source", "target")[:count]
        with _table(path) as table:
            for column in columns:
                if column not in table.schema_arrow.names:
                    raise CorpusError(
                        f"{path}: there is no column {column!r}; the columns are: {listed(table.schema_arrow.names)}. "
                        "Name one of these with --columns"
                    )
        return columns, False

    def sample(self, source: BulkInput, count: int) -> Sample:
        """See `BulkFormat.sample`."""
        with _table(Path(source.path)) as table:
            for batch in table.iter_batches(count):
                values = [_values(batch.column(str(name))) for name in source.columns]
                rows = [_row(source, n, texts, (batch, n)) for n, texts in enumerate(zip(*values, strict=True))]
                return Sample(rows, table.metadata.num_rows)
        return Sample([], 0)

    def survey(self, path: Path, shard_lines: int, copy: Path, on_bytes: Callable[[int], object]) -> Surveyed:
        """See `BulkFormat.survey`."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                on_bytes(file.tell())
        with _table(path) as table:
            sizes = _group_sizes(table)
            if max(sizes, default=0) > shard_lines:
                _write_anew(table, shard_lines, copy)
        if max(sizes, default=0) > shard_lines:
            with _table(copy) as table:
                return Surveyed(digest.hexdigest(), "parquet", _spans(_group_sizes(table), shard_lines))
        return Surveyed(digest.hexdigest(), None, _spans(sizes, shard_lines))

    def content_sum(self, path: Path) -> str:
        """See `BulkFormat.content_sum`."""
        return sha256_of(path)

    def rows(self, source: BulkInput, shard: Shard, path: Path) -> Iterator[BulkRow]:
        """See `BulkFormat.rows`."""
        number = shard.first
        with _table(path) as table:
            if sum(_group_sizes(table)[shard.start : shard.end]) != shard.lines:
                raise CorpusError(f"{source.path}: was changed since the job began. Begin anew in another folder")
            if not shard.lines:
                return
            groups = range(shard.start, shard.end)
            for batch in table.iter_batches(_BATCH_ROWS, row_groups=groups):
                values = [_values(batch.column(str(name))) for name in source.columns]
                for offset, texts in enumerate(zip(*values, strict=True)):
                    yield _row(source, number, texts, (batch, offset))
                    number += 1

    @contextmanager
    def writer(self, source: BulkInput, shard: Shard, path: Path, to: str, value: type) -> Iterator[Write]:  # noqa: ARG002
        """See `BulkFormat.writer`."""
        import pyarrow
        from pyarrow import parquet

        kind = pyarrow.string() if value is str else pyarrow.float64()
        with _table(Path(source.path)) as table:
            schema = table.schema_arrow
        if to in schema.names:
            raise CorpusError(f"{source.path}: there is a column {to!r} already. Name another with --to")
        with parquet.ParquetWriter(path, schema.append(pyarrow.field(to, kind))) as file:

            def write(rows: Sequence[BulkRow], results: Sequence[Result]) -> None:
                column = pyarrow.array([result.value for result in results], kind)
                start = 0
                for batch, first, count in _pieces(rows):
                    piece = batch.slice(first, count)
                    arrays = [*piece.columns, column.slice(start, count)]
                    file.write_table(pyarrow.Table.from_arrays(arrays, schema=file.schema))
                    start += count

            yield write

    def join(self, parts: Sequence[Path], path: Path) -> None:
        """See `BulkFormat.join`: each shard's rows are one row group."""
        from pyarrow import parquet

        with _table(parts[0]) as first:
            schema = first.schema_arrow
        with parquet.ParquetWriter(path, schema) as file:
            for part in parts:
                with _table(part) as table:
                    file.write_table(table.read())


def _pieces(rows: Sequence[BulkRow]) -> Iterator[tuple[Any, int, int]]:
    """Yield the batches that rows are of, each with the first row and the number of rows."""
    start = 0
    for stop in range(1, len(rows) + 1):
        if stop == len(rows) or rows[stop].carried[0] is not rows[start].carried[0]:
            batch, first = rows[start].carried
            yield batch, first, stop - start
            start = stop


def _row(source: BulkInput, number: int, values: Sequence[object], carried: Any) -> BulkRow:
    try:
        texts = tuple(text_of(value, repr(name)) for value, name in zip(values, source.columns, strict=True))
    except Unreadable as error:
        return BulkRow(number, ("",) * len(source.columns), str(error), carried)
    return BulkRow(number, texts, "", carried)


def _values(column: Any) -> list[object]:
    """Return the values of a column; None for a text that is not UTF-8."""
    from pyarrow import binary, types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [_decoded(value) for value in column.cast(binary()).to_pylist()]


def _decoded(value: bytes | None) -> object:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return value


@contextmanager
def _table(path: Path) -> Iterator[Any]:
    """Open a Parquet file. Raise CorpusError where it is none, is damaged, or pyarrow is not installed."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise CorpusError(
            f"{path}: the package `pyarrow`, which reads Parquet files, is not installed. "
            'Install it with: pip install "tandem-seq2seq[parquet]"'
        ) from error
    try:
        with path.open("rb") as file:
            if file.read(len(PARQUET_MAGIC)) != PARQUET_MAGIC:
                raise CorpusError(f"{path}: this is not a Parquet file. Check the path.")
            file.seek(0)
            yield parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES)
    except ArrowException as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise CorpusError(
            f"{path}: the Parquet file is damaged or cut short ({reason}). Fetch it or write it again."
        ) from error


def _group_sizes(table: Any) -> list[int]:
    return [table.metadata.row_group(index).num_rows for index in range(table.metadata.num_row_groups)]


def _spans(sizes: Sequence[int], shard_lines: int) -> list[Span]:
    """Return shards of whole row groups, as many as have at most so many rows together."""
    spans = []
    start = lines = 0
    for index, size in enumerate(sizes):
        if lines and lines + size > shard_lines:
            spans.append(Span(lines, start, index, 0))
            start, lines = index, 0
        lines += size
    if lines or not spans:
        spans.append(Span(lines, start, len(sizes), 0))
    return spans


def _write_anew(table: Any, shard_lines: int, copy: Path) -> None:
    """Write a table with row groups of at most so many rows, of which one is held at a time."""
    import pyarrow
    from pyarrow import parquet

    copy.parent.mkdir(parents=True, exist_ok=True)
    with parquet.ParquetWriter(copy, table.schema_arrow) as file:
        waiting: list[Any] = []
        rows = 0
        for batch in table.iter_batches(min(_BATCH_ROWS, shard_lines)):
            while batch.num_rows:
                taken = batch.slice(0, shard_lines - rows)
                batch = batch.slice(taken.num_rows)
                waiting.append(taken)
                rows += taken.num_rows
                if rows == shard_lines:
                    file.write_table(pyarrow.Table.from_batches(waiting))
                    waiting, rows = [], 0
        if waiting:
            file.write_table(pyarrow.Table.from_batches(waiting))
