"""The first pass over an input finds its shards: how many lines each has, and where its bytes are.

A file of plain lines is read by its workers from the bytes where a shard begins. A compressed one cannot be read from
the middle: it is packed anew while it is read here, with a gzip member for each shard, so that a worker unpacks its
own lines alone, and the copy takes about the room of the input.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import numpy as np

from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, packing, unpacked
from tandem.files.lines import check_text, opened

_BLOCK = 1 << 20
_LEVEL = 1
"""How hard a copy is packed: the fastest way."""


class Span(NamedTuple):
    """The lines of a shard, and where their bytes are in the file that workers read."""

    lines: int
    start: int
    end: int
    crc: int


class Surveyed(NamedTuple):
    """The result of the first pass over an input."""

    sha256: str
    """The SHA-256 of its lines, unpacked."""
    packing: str | None
    spans: list[Span]


class _Sink(Protocol):
    """Where the bytes of shards go."""

    def write(self, data: bytes, /) -> object:
        """Take bytes of the current shard."""

    def end_shard(self) -> int:
        """End the shard; return where it ends in the file that workers read."""


def cut_lines(path: Path, shard_lines: int, copy: Path, on_bytes: Callable[[int], object]) -> Surveyed:
    """Cut an input into shards of so many lines; an empty one has one shard of no lines.

    A compressed input is also packed anew into `copy`. `on_bytes` gets the number of bytes that were read. Raise
    CorpusError where the input is damaged or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            packed = packing(file.peek(8)[:8] if isinstance(file, io.BufferedReader) else b"")
            content = unpacked(file)
            check_text(content.peek(16), path)
            with _sink(copy if packed else None) as sink:
                spans = list(_spans(_hashed(content, digest.update, file, on_bytes), shard_lines, sink))
    except DamagedFile as error:
        raise CorpusError(f"{path}: {error}") from error
    return Surveyed(digest.hexdigest(), packed, spans)


def content_sum(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, unpacked. Raise CorpusError as `cut_lines` does."""
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            for _ in _hashed(unpacked(file), digest.update, file, lambda _: None):
                pass
    except DamagedFile as error:
        raise CorpusError(f"{path}: {error}") from error
    return digest.hexdigest()


def _hashed(
    content: IO[bytes], update: Callable[[bytes], object], file: IO[bytes], on_bytes: Callable[[int], object]
) -> Iterator[bytes]:
    while block := content.read(_BLOCK):
        update(block)
        on_bytes(file.tell())
        yield block


def _spans(blocks: Iterator[bytes], shard_lines: int, sink: _Sink) -> Iterator[Span]:
    lines, crc, start, size, whole = 0, 0, 0, 0, True
    any_shard = False
    for block in blocks:
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        begin = used = 0  # bytes of the block, and line ends of it, that belong to earlier shards
        while begin < len(block):
            missing = shard_lines - lines
            full = len(ends) - used >= missing
            stop = int(ends[used + missing - 1]) + 1 if full else len(block)
            piece = block[begin:stop]
            sink.write(piece)
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            lines += missing if full else len(ends) - used
            used += missing if full else len(ends) - used
            begin, whole = stop, piece.endswith(b"\n")
            if full:
                end = sink.end_shard()
                yield Span(lines, start, end, crc)
                any_shard = True
                lines, crc, start, size = 0, 0, end, 0
    if size or not any_shard:  # the last line may have no line end; an empty input is one empty shard
        yield Span(lines + (not whole), start, sink.end_shard(), crc)


def _sink(copy: Path | None) -> AbstractContextManager[_Sink]:
    return nullcontext(_Nowhere()) if copy is None else _Copy(copy)


class _Nowhere:
    """The bytes stay where they are: in the input."""

    def __init__(self) -> None:
        self._size = 0

    def write(self, data: bytes, /) -> object:
        """Count the bytes."""
        self._size += len(data)
        return None

    def end_shard(self) -> int:
        """Return the bytes so far."""
        return self._size


class _Copy:
    """A copy with a gzip member for each shard."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._member: gzip.GzipFile | None = None

    def write(self, data: bytes, /) -> object:
        """Pack bytes of the current shard."""
        if self._member is None:
            self._member = gzip.GzipFile("", "wb", _LEVEL, self._file, mtime=0)
        return self._member.write(data)

    def end_shard(self) -> int:
        """End the member."""
        if self._member is not None:
            self._member.close()
            self._member = None
        return self._file.tell()

    def __enter__(self) -> "_Copy":
        """Return the copy itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file. Its caller flushes it."""
        self._file.close()


class ShardBytes(io.RawIOBase):
    """The bytes of a shard in a file, unpacked where the file is a copy; at their end they must have its CRC."""

    def __init__(self, file: IO[bytes], span: Span, *, is_copy: bool) -> None:
        """Read the span of an open file."""
        file.seek(span.start)
        self._file = file
        self._left = span.end - span.start
        self._crc = 0
        self._expected = span.crc
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if is_copy else None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a wider type than is used
        """Read some bytes. Raise ChangedInput where they are not those that were surveyed."""
        piece = self._piece(len(buffer))
        self._crc = zlib.crc32(piece, self._crc)
        if not piece and self._crc != self._expected:
            raise ChangedInput
        buffer[: len(piece)] = piece
        return len(piece)

    def _piece(self, size: int) -> bytes:
        if self._unpack is None:
            piece = self._file.read(min(size, self._left))
            self._left -= len(piece)
            return piece
        piece = b""
        while not piece and not self._unpack.eof:
            data = self._unpack.unconsumed_tail
            if not data:
                data = self._file.read(min(_BLOCK, self._left))
                self._left -= len(data)
                if not data:
                    break
            try:
                piece = self._unpack.decompress(data, size)
            except zlib.error:
                raise ChangedInput from None
        return piece


class ChangedInput(Exception):
    """The bytes of a shard have changed since the job began."""
