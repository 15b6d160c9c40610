"""What the forms have in common that are files of lines: reading a shard's bytes, and packed output."""

import bz2
import gzip
import io
import lzma
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from tandem.bulk.bulk_job import BulkInput, Shard
from tandem.bulk.cutting import ChangedInput, ShardBytes, Span, Surveyed, content_sum, cut_lines
from tandem.bulk.formats.form import BulkRow, Result, Sample, Write
from tandem.corpora.records import Unreadable
from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, unpacked
from tandem.files.lines import bounded_lines, check_text, line_limit, opened, why_not_utf8
from tandem.names import MAX_CHARACTERS

_BUFFER = 1 << 18
_LEVEL = 6
"""How hard outputs are packed: as `gzip` does."""


class LineFiles:
    """A form whose files are lines."""

    def survey(self, path: Path, shard_lines: int, copy: Path, on_bytes: Callable[[int], object]) -> Surveyed:
        """See `BulkFormat.survey`."""
        return cut_lines(path, shard_lines, copy, on_bytes)

    def sample(self, source: BulkInput, count: int) -> Sample:
        """See `BulkFormat.sample`."""
        path = Path(source.path)
        rows, read = [], 0
        try:
            with opened(path) as file:
                content = unpacked(file)
                check_text(content.peek(16), path)
                for number, line in enumerate(islice(bounded_lines(content, line_limit(MAX_CHARACTERS)), count)):
                    read += len(line or b"") + 1
                    if number or not source.header:
                        rows.append(self._row(source, number, line))
                share = min(1.0, file.tell() / max(1, source.size)) if content is not file else read / source.size
        except DamagedFile as error:
            raise CorpusError(f"{path}: {error}") from error
        return Sample(rows, int(len(rows) / share) if rows else 0)

    def content_sum(self, path: Path) -> str:
        """See `BulkFormat.content_sum`."""
        return content_sum(path)

    def rows(self, source: BulkInput, shard: Shard, path: Path) -> Iterator[BulkRow]:
        """See `BulkFormat.rows`."""
        span = Span(shard.lines, shard.start, shard.end, shard.crc)
        try:
            with opened(path) as file:
                content = io.BufferedReader(ShardBytes(file, span, is_copy=source.recut), _BUFFER)
                lines = bounded_lines(content, line_limit(MAX_CHARACTERS), at_start=shard.first == 0)
                for number, line in enumerate(lines, shard.first):
                    if number == 0 and source.header:
                        yield BulkRow(0, (), "", line)
                    else:
                        yield self._row(source, number, line)
        except ChangedInput:
            raise CorpusError(
                f"{source.path}: was changed since the job began. Bring back the file as it was, or begin anew in "
                "another folder"
            ) from None

    def _row(self, source: BulkInput, number: int, line: bytes | None) -> BulkRow:
        nothing = ("",) * len(source.columns)
        if line is None:
            return BulkRow(number, nothing, f"has more than {line_limit(MAX_CHARACTERS):,} bytes", None)
        try:
            return BulkRow(number, self.texts(source, line.decode("utf-8")), "", line)
        except UnicodeDecodeError:
            return BulkRow(number, nothing, why_not_utf8(line), line)
        except Unreadable as error:
            return BulkRow(number, nothing, str(error), line)

    def texts(self, source: BulkInput, line: str) -> tuple[str, ...]:
        """Return the texts of the columns that are read. Raise Unreadable where the line has none."""
        raise NotImplementedError

    def line(self, row: BulkRow, result: Result, to: str) -> bytes:
        """Return what is written for a row, with its line end."""
        raise NotImplementedError

    @contextmanager
    def writer(self, source: BulkInput, shard: Shard, path: Path, to: str, value: type) -> Iterator[Write]:  # noqa: ARG002 - lines have no types
        """See `BulkFormat.writer`."""
        with packed_file(path, source.packing) as file:

            def write(rows: Sequence[BulkRow], results: Sequence[Result]) -> None:
                file.write(b"".join(self.line(*each, to) for each in zip(rows, results, strict=True)))

            yield write

    def join(self, parts: Sequence[Path], path: Path) -> None:
        """See `BulkFormat.join`. Packed files that stand one after the other are a packed file."""
        with path.open("wb") as file:
            for part in parts:
                with part.open("rb") as content:
                    shutil.copyfileobj(content, file, 1 << 20)


@contextmanager
def packed_file(path: Path, packing: str | None) -> Iterator[IO[bytes]]:
    """Open a file to write to it, packed as `packing` names it, with the same bytes for the same content each time."""
    with ExitStack() as stack:
        file: Any = stack.enter_context(path.open("wb"))
        if packing == "gzipped":
            file = stack.enter_context(gzip.GzipFile("", "wb", _LEVEL, file, mtime=0))
        elif packing == "bzip2":
            file = stack.enter_context(bz2.BZ2File(file, "wb"))
        elif packing == "xz":
            file = stack.enter_context(lzma.LZMAFile(file, "wb"))
        elif packing == "zstd":
            file = stack.enter_context(_zstd_file()(file, "wb"))
        yield cast(IO[bytes], file)


def _zstd_file() -> Any:
    """Return the class of files that are packed with zstd; the input could not be read without it."""
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdFile
    else:
        from backports.zstd import ZstdFile
    return ZstdFile
