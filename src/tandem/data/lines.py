"""Lines of a text file that may be gzipped, read one at a time with a bound on what is held in memory."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from tandem.errors import CorpusError

GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SKIP_BYTES = 1 << 20


def read_lines(path: Path, limit: int) -> Iterator[str | bytes | None]:
    r"""Yield the lines of a plain or gzipped file, without their ends; split at `\n` and `\r\n` only.

    A line that is not UTF-8 comes as its bytes; one of more than `limit` bytes is skipped piece by piece and comes
    as None. A byte order mark at the start is dropped; a last line without a line end counts. Raises CorpusError for
    a file that is missing, empty, unreadable, in UTF-16, or gzipped and damaged.
    """
    number = 0
    try:
        with opened(path) as file:
            for raw in _bounded(unpacked(file), limit):
                number += 1
                try:
                    yield raw.decode("utf-8") if raw is not None else None
                except UnicodeDecodeError as error:
                    if number == 1 and error.object[:2] in _UTF16:
                        raise CorpusError(
                            f"{path} line 1: {why_not_utf8(error.object)} It looks like UTF-16."
                        ) from None
                    yield error.object
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(
            f"{path} line {number + 1}: the gzipped file is damaged or cut short ({error}). Fetch it or pack it again."
        ) from error
    if number == 0:
        raise CorpusError(f"{path}: the file is empty, but a corpus needs at least one line. Check the path.")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading; CorpusError where it is missing or cannot be read."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        where = "" if path.is_absolute() else f" (looked for in {Path.cwd()})"
        raise CorpusError(f"{path}: there is no such file{where}. Check the path.") from error
    except gzip.BadGzipFile:  # an OSError, too; who unpacks it knows what to say
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise CorpusError(f"{path}: cannot be read ({reason}). Check the path and its permissions.") from error


def unpacked(file: BinaryIO | io.BufferedReader) -> IO[bytes]:
    """The file's content: as it is, or unpacked when the first two bytes are gzip's.

    Reading raises EOFError, zlib.error or gzip.BadGzipFile when the gzipped data are damaged.
    """
    reader = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    if reader.peek(2)[:2] != GZIP_MAGIC:
        return reader
    # GzipFile's own readline is a Python method; a buffer around it is several times faster.
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=reader)), 1 << 16)


def why_not_utf8(raw: bytes) -> str:
    """What is wrong with a line that `read_lines` gave as bytes."""
    start = 0
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
    found = f"byte {start + 1} of the line (0x{raw[start]:02x})"
    return f"{found} is not UTF-8. Save the file as UTF-8, for example with iconv."


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
