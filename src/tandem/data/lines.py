"""Lines of a text file that may be gzipped, read one at a time with a bound on what is held in memory."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from tandem.errors import CorpusError

GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_SKIP_BYTES = 1 << 20


class Line(NamedTuple):
    """One line of a file without its line end; `raw` is None when it was longer than the reader's limit."""

    number: int
    """Counted from 1."""
    raw: bytes | None


def read_lines(path: Path, limit: int) -> Iterator[Line]:
    r"""Yield the lines of a plain or gzipped file, split at `\n` and `\r\n` only.

    A line of more than `limit` bytes is skipped piece by piece and comes as `Line(number, None)`. A byte
    order mark at the start is dropped; a last line without a line end counts. Raises CorpusError for a file
    that is missing, empty, unreadable, or gzipped and damaged.
    """
    number = 0
    try:
        with path.open("rb") as file:
            for raw in _bounded(unpacked(file), limit):
                number += 1
                yield Line(number, raw)
    except FileNotFoundError as error:
        where = "" if path.is_absolute() else f" (looked for in {Path.cwd()})"
        raise CorpusError(f"{path}: there is no such file{where}. Check the path.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(
            f"{path} line {number + 1}: the gzipped file is damaged or cut short ({error}). Fetch it or pack it again."
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise CorpusError(f"{path}: cannot be read ({reason}). Check the path and its permissions.") from error
    if number == 0:
        raise CorpusError(f"{path}: the file is empty, but a corpus needs at least one line. Check the path.")


def unpacked(file: BinaryIO | io.BufferedReader) -> IO[bytes]:
    """The file's content: as it is, or unpacked when the first two bytes are gzip's.

    Reading raises EOFError, zlib.error or gzip.BadGzipFile when the gzipped data are damaged.
    """
    reader = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    if reader.peek(2)[:2] != GZIP_MAGIC:
        return reader
    # GzipFile's own readline is a Python method; a buffer around it is several times faster.
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=reader)), 1 << 16)


def text_of(line: Line, path: Path) -> str | None:
    """The line's text, or None when it was too long; raises CorpusError when its bytes are not UTF-8."""
    if line.raw is None:
        return None
    try:
        return line.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        looks = " It looks like UTF-16." if line.number == 1 and line.raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise CorpusError(
            f"{path} line {line.number}: byte {error.start + 1} of the line (0x{line.raw[error.start]:02x}) "
            f"is not UTF-8.{looks} Save the file as UTF-8, for example with iconv."
        ) from error


def _bounded(stream: IO[bytes], limit: int) -> Iterator[bytes | None]:
    """Lines without their ends, None for those of more than `limit` bytes."""
    at_start = True
    most = limit + len(_BOM) + len(b"\r\n")
    while raw := stream.readline(most):
        complete = raw.endswith(b"\n") or len(raw) < most
        if at_start:
            at_start = False
            raw = raw.removeprefix(_BOM)
            if not raw:  # a byte order mark and nothing else
                continue
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not complete:
            while (piece := stream.readline(_SKIP_BYTES)) and not piece.endswith(b"\n"):
                pass
        yield raw if len(raw) <= limit else None
