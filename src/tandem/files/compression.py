"""Compressed files: recognised by their first bytes, unpacked as they are read, with a bound on the memory."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol, cast

from tandem.errors import CorpusError

PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""What the names of compressed files end in."""

_NAMES = {b"\x1f\x8b": "gzipped", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""First bytes to what such a file is called in messages."""
_BLOCK = 1 << 16
_MOST_MEMORY = 1 << 28
"""Bytes that unpacking xz may take; the highest preset of the `xz` command takes a quarter of it."""


class DamagedFile(Exception):
    """A compressed file that cannot be unpacked, as a clause that follows the file's name."""

    def __init__(self, name: str, reason: Exception) -> None:
        super().__init__(f"the {name} file is damaged or cut short ({reason}). Fetch it or pack it again")
        self.reason = str(reason)


class _Decompressor(Protocol):
    """What `bz2`, `lzma` and `zstd` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether there is no more output without more input."""

    @property
    def unused_data(self) -> bytes:
        """What follows the end of the compressed stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes of output."""


def packing(start: bytes) -> str | None:
    """The name of the compression that a file's first bytes tell; None for a plain file."""
    return next((name for magic, name in _NAMES.items() if start.startswith(magic)), None)


def unpacked(file: BinaryIO | io.BufferedReader) -> io.BufferedReader:
    """The file's content: as it is, or unpacked where its first bytes are those of gzip, bzip2, xz or zstd.

    Reading raises DamagedFile where the compressed data are damaged. Raises CorpusError where the package that unpacks
    them is not installed.
    """
    reader = cast(io.BufferedReader, file)
    if not isinstance(file, io.BufferedReader):
        reader = io.BufferedReader(cast(io.RawIOBase, file))
    name = packing(reader.peek(8)[:8])
    if name is None:
        return reader
    read: Callable[[int], bytes]
    damage: type[Exception] = zlib.error
    if name == "gzipped":
        read = gzip.GzipFile(fileobj=reader).read1
    elif name == "bzip2":
        read = _Streams(reader, bz2.BZ2Decompressor).read
    elif name == "xz":
        damage = lzma.LZMAError
        read = _Streams(reader, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY), padding=b"\x00").read
    else:
        new, damage = _zstd(file.name)
        read = _Streams(reader, new).read
    # The readline of these streams is a Python method; a buffer around them is several times faster.
    return io.BufferedReader(_Unpacked(name, read, damage), _BLOCK)


class _Unpacked(io.RawIOBase):
    """A raw stream of what `read` gives, with every kind of damage raised as DamagedFile."""

    def __init__(self, name: str, read: Callable[[int], bytes], damage: type[Exception]) -> None:
        self._name = name
        self._read = read
        self._damage = (EOFError, damage)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a wider type than is used
        """Fill the buffer as far as one reading goes; 0 at the end."""
        try:
            piece = self._read(len(buffer))
        except OSError as error:
            if error.errno is not None:  # the disk's, not the decompressor's
                raise
            raise DamagedFile(self._name, error) from error
        except self._damage as error:
            raise DamagedFile(self._name, error) from error
        buffer[: len(piece)] = piece
        return len(piece)


class _Streams:
    """The output of the compressed streams that follow each other in a file."""

    def __init__(self, file: io.BufferedReader, new: Callable[[], _Decompressor], padding: bytes = b"") -> None:
        self._file = file
        self._new = new
        self._padding = padding
        self._decompressor = new()

    def read(self, size: int) -> bytes:
        """Some bytes, at most `size`; none at the end. EOFError where the file ends within a stream."""
        while True:
            data = b""
            if self._decompressor.eof:
                data = (self._decompressor.unused_data or self._file.read(_BLOCK)).lstrip(self._padding)
                if not data and not self._file.peek(1):
                    return b""
                self._decompressor = self._new()
            elif self._decompressor.needs_input:
                data = self._file.read(_BLOCK)
                if not data:
                    raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            if piece := self._decompressor.decompress(data, size):
                return piece


def _zstd(path: str) -> tuple[Callable[[], _Decompressor], type[Exception]]:
    """zstd's decompressor, which has a limit of 128 MiB, and its error. CorpusError where there is no such package."""
    try:
        if sys.version_info >= (3, 14):
            from compression.zstd import ZstdDecompressor, ZstdError
        else:
            from backports.zstd import ZstdDecompressor, ZstdError
    except ImportError as error:
        raise CorpusError(
            f"{path}: this file is compressed with zstd, and the package `backports.zstd`, which unpacks it, is not "
            'installed. Install it with: pip install "tandem-seq2seq[zst]", or unpack the file with: unzstd'
        ) from error
    return ZstdDecompressor, ZstdError
