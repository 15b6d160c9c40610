"""Reads a text file, which may be compressed, line by line in bounded memory."""

import codecs
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, packing, unpacked

PARQUET_MAGIC = b"PAR1"  # the first bytes of a Parquet file
_SPREADSHEET = "Open it in the program that made it, and save the table as CSV (UTF-8)."
_NO_TEXT = {
    b"PK\x03\x04": ("a ZIP archive, as .xlsx, .ods and .docx files are", _SPREADSHEET),
    b"\xd0\xcf\x11\xe0": ("an Office document of the older kind, as .xls and .doc files are", _SPREADSHEET),
    PARQUET_MAGIC: ("a Parquet file", 'Give it with --parquet, or as a corpus of kind = "parquet".'),
    b"%PDF-": ("a PDF document", "Save its text as UTF-8."),
    b"\x89PNG": ("a PNG picture", "Check the path."),
    b"\xff\xd8\xff": ("a JPEG picture", "Check the path."),
    b"GIF8": ("a GIF picture", "Check the path."),
    b"SQLite format 3\x00": ("an SQLite database", "Export the table as CSV (UTF-8)."),
}
"""The first bytes of files that are no text, what such files are, and the remedy."""
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SKIP_BYTES = 1 << 20
_PIPE_BYTES = 1 << 16


def line_limit(max_characters: int) -> int:
    """Return the bytes of a line that are kept: room for two sides in JSON escapes and some more columns."""
    return max(1 << 20, 64 * max_characters)


def read_lines(path: Path, limit: int, *, utf16: bool = False) -> Iterator[str | bytes | None]:
    r"""Yield the lines of a plain or compressed file, without their ends; split at `\n` and `\r\n` only.

    A line that is not UTF-8 is yielded as its bytes. A line of more than `limit` bytes is skipped piece by piece and
    yielded as None. A byte order mark at the start is dropped; a last line without a line end counts. A file in UTF-16
    with a byte order mark is read if `utf16` is true. Raise CorpusError for a file that is missing, empty, unreadable,
    in UTF-16 otherwise, or compressed and damaged.
    """
    number = 0
    try:
        with opened(path) as file:
            content = unpacked(file)
            if utf16 and content.peek(2)[:2] in _UTF16:
                content = io.BufferedReader(_AsUtf8(content))
            for raw in bounded_lines(content, limit):
                number += 1
                if number == 1:
                    check_text(raw or b"", path)
                try:
                    yield raw.decode("utf-8") if raw is not None else None
                except UnicodeDecodeError as error:
                    if number == 1 and error.object[:2] in _UTF16:
                        raise CorpusError(
                            f"{path} line 1: {why_not_utf8(error.object)} It looks like UTF-16."
                        ) from None
                    yield error.object
    except DamagedFile as error:
        raise CorpusError(f"{path} line {number + 1}: {error}.") from error
    except UnicodeError as error:
        raise CorpusError(f"{path} line {number + 1}: the UTF-16 is damaged ({error}). Save it again.") from error
    if number == 0:
        raise CorpusError(f"{path}: the file is empty, but a corpus needs at least one line. Check the path.")


def is_plain_text(start: bytes) -> bool:
    """Tell whether a file that begins with these bytes may be text, neither compressed nor another kind of file."""
    return packing(start) is None and not start.startswith(tuple(_NO_TEXT))


def check_text(start: bytes, path: Path) -> None:
    """Raise CorpusError where a file that begins so is a document, an archive or a picture instead of text."""
    for magic, (what, remedy) in _NO_TEXT.items():
        if start.startswith(magic):
            raise CorpusError(f"{path}: this is {what}, not text. {remedy}")


class _AsUtf8(io.RawIOBase):
    """A raw stream of UTF-8 from a stream of UTF-16 with a byte order mark."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a wider type than is used
        while not self._ready:
            piece = self._stream.read1(1 << 16)
            self._ready = self._decoder.decode(piece, final=not piece).encode()
            if not piece:
                break
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


class _Begun(io.RawIOBase):
    """A stream whose beginning was read already."""

    def __init__(self, start: bytes, rest: io.FileIO, name: str) -> None:
        self._start = start
        self._rest = rest
        self.name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # as above
        if not self._start:
            return self._rest.readinto(buffer)
        count = min(len(buffer), len(self._start))
        buffer[:count], self._start = self._start[:count], self._start[count:]
        return count

    def close(self) -> None:
        self._rest.close()
        super().close()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or a pipe that has a writer, for reading. Raise CorpusError where it is missing or unreadable.

    A pipe without a writer is not waited for, and a device, which may have no end, is not read.
    """
    try:
        with _opened(path) as file:
            yield file
    except FileNotFoundError as error:
        where = "" if path.is_absolute() else f" (looked for in {Path.cwd()})"
        raise CorpusError(f"{path}: there is no such file{where}. Check the path.") from error
    except OSError as error:
        if path.is_dir():
            raise CorpusError(f"{path}: this is a folder, but a file is needed. Name a file in it.") from error
        reason = error.strerror or str(error)
        raise CorpusError(f"{path}: cannot be read ({reason}). Check the path and its permissions.") from error


def _opened(path: Path) -> BinaryIO:
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode):
        return _opened_pipe(path)
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return path.open("rb")
    raise CorpusError(f"{path}: this is a device, but a file is needed. Write what it gives to a file first.")


def _opened_pipe(path: Path) -> BinaryIO:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    pipe = io.FileIO(handle)
    try:
        start = pipe.read(_PIPE_BYTES)  # None: it has a writer, which has written nothing yet
        if start == b"":
            raise CorpusError(
                f"{path}: nobody writes to this pipe, or it was read before. Start its writer first, or give a file."
            )
        os.set_blocking(handle, True)
    except BaseException:
        pipe.close()
        raise
    return io.BufferedReader(_Begun(start or b"", pipe, str(path)))


def check_read_again(path: Path) -> None:
    """Raise CorpusError for a pipe or a device, which cannot be read more than once."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # opening it raises an error that says what is wrong
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise CorpusError(
            f"{path}: must be an ordinary file: it is read more than once. Write what comes from there to a file first."
        )


def why_not_utf8(raw: bytes) -> str:
    """Say what is wrong with a line that `read_lines` yielded as bytes."""
    start = 0
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
    byte = f"byte {start + 1} of the line (0x{raw[start]:02x})"
    return f"{byte} is not UTF-8. Save the file as UTF-8, for example with iconv."


def bounded_lines(stream: IO[bytes], limit: int, *, at_start: bool = True) -> Iterator[bytes | None]:
    """Yield lines without their ends; None for one of more than `limit` bytes.

    A byte order mark is dropped, where the stream is `at_start` of its file.
    """
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
