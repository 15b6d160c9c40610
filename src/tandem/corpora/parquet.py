"""`kind = "parquet"`: two columns of a Parquet file. Needs the extra `parquet`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

from tandem.corpora.corpus_kind import Option, PathCorpus, locate
from tandem.corpora.pairs import Fault, FileCorpus, Pair, with_features
from tandem.corpora.records import checked_record, listed, text_of
from tandem.errors import CorpusError
from tandem.files.compression import packing
from tandem.files.lines import PARQUET_MAGIC, check_read_again, opened

if TYPE_CHECKING:
    import pyarrow

_BATCH_ROWS = 1024  # rows that are decoded at once
_BUFFER_BYTES = 1 << 20  # how much of a column is read from the disk at once; without it, whole row groups are


class ParquetCorpus(PathCorpus):
    """A Parquet file with a pair a row, in columns by name (needs the extra `parquet`)."""

    kind: Literal["parquet"]
    source_column: str = "source"
    target_column: str = "target"
    features_column: str | None = None

    options: ClassVar[tuple[Option, ...]] = (
        Option("parquet", "FILE", "Pairs in two columns of a Parquet file (extra: parquet)."),
    )
    endings: ClassVar[tuple[str, ...]] = (".parquet",)
    column_style: ClassVar[str] = "parquet"

    def open(self, folder: str | None) -> "ParquetFile":
        """Return the file, which is opened when it is read."""
        return ParquetFile(locate(self.path, folder), self.source_column, self.target_column, self.features_column)


@dataclass(frozen=True)
class ParquetFile(FileCorpus):
    """A Parquet file, read batch by batch; a dotted column reaches into a column of structures."""

    source_column: str = "source"
    target_column: str = "target"
    features_column: str | None = None

    @property
    def has_features(self) -> bool:
        """Whether a column has features."""
        return self.features_column is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        columns = self.source_column, self.target_column, self.features_column
        return tuple(column for column in columns if column is not None)

    @property
    def layout(self) -> str:
        """The columns."""
        return f"Parquet columns {', '.join(map(repr, self.columns))}"

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a row; raise CorpusError where the file is damaged or has no such columns."""
        check_read_again(self.path)  # a Parquet file is read from its end
        columns = self.columns
        place = f"{self.path} row"

        def read(values: Sequence[object]) -> tuple[str | bytes, str | bytes]:
            source, target = _text(values[0], columns[0]), _text(values[1], columns[1])
            features = "" if len(values) == 2 or values[2] is None else _text(values[2], columns[2])
            return with_features(source, features) or "", target

        with opened(self.path) as file:
            rows = chain.from_iterable(zip(*batch, strict=True) for batch in self._batches(file))
            for number, values in enumerate(rows, start=1):
                yield checked_record(values, read, place, number, max_characters)

    def _batches(self, file: BinaryIO) -> Iterator[list[Sequence[object]]]:
        try:
            from pyarrow import ArrowException, parquet
        except ImportError as error:
            raise CorpusError(
                f"{self.path}: the package `pyarrow`, which reads Parquet files, is not installed. "
                'Install it with: pip install "tandem-seq2seq[parquet]"'
            ) from error
        start = file.read(len(PARQUET_MAGIC))
        file.seek(0)
        if start != PARQUET_MAGIC:
            form = "packed Parquet files are not read. Unpack it" if packing(start) else "Check the path"
            raise CorpusError(f"{self.path}: this is not a Parquet file. {form}.")
        try:
            table = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES)
            paths = [self._column_path(table.schema_arrow, name) for name in self.columns]
            names = sorted({path[0] for path in paths})
            for batch in table.iter_batches(_BATCH_ROWS, columns=names):
                yield [_values(batch, path) for path in paths]
        except (ArrowException, OSError, UnicodeDecodeError) as error:  # the last one of a column's name
            reason = str(error).partition("\n")[0].rstrip(".")
            raise CorpusError(
                f"{self.path}: the Parquet file is damaged or cut short ({reason}). Fetch it or write it again."
            ) from error

    def _column_path(self, schema: "pyarrow.Schema", name: str) -> list[str]:
        """Return the column of that name, and the names inside it that lead to the texts."""
        if name in schema.names:
            return [name]
        path = name.split(".")
        fields: Any = schema
        for depth, part in enumerate(path):
            columns = [fields.field(index).name for index in range(_field_count(fields))]
            if part not in columns:
                full_names = listed(".".join([*path[:depth], column]) for column in columns) or "none there"
                raise CorpusError(
                    f"{self.path}: there is no column {name!r}; the columns are: {full_names}. Name two of these "
                    "with --columns, or as source_column and target_column."
                )
            fields = fields.field(part).type
        return path


def _field_count(fields: Any) -> int:
    """Return the number of columns of a schema or of a structure; other types have none."""
    from pyarrow import Schema, types

    if isinstance(fields, Schema):
        return len(fields.names)
    return int(fields.num_fields) if types.is_struct(fields) else 0


def _values(batch: "pyarrow.RecordBatch", path: Sequence[str]) -> Sequence[object]:
    """Return the values of a column, those that are not UTF-8 as bytes."""
    from pyarrow import binary, compute, types

    array = batch.column(path[0])
    for name in path[1:]:
        array = compute.struct_field(array, name)
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    try:
        values: Sequence[object] = array.to_pylist()
    except UnicodeDecodeError:
        values = [_decoded(value) for value in array.cast(binary()).to_pylist()]
    return values


def _decoded(value: bytes | None) -> str | bytes | None:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return value


def _text(value: object, column: str) -> str | bytes:
    """Return a text, or bytes that are none. Raise Unreadable for any other value."""
    return value if isinstance(value, bytes) else text_of(value, repr(column))
