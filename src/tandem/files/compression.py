"""Compressed files: recognised by their first bytes and unpacked while they are read, in bounded memory."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias, cast

from tandem.errors import CorpusError

PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")  # the endings of the names of compressed files

_NAMES = {b"\x1f\x8b": "gzipped", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""The first bytes of compressed files, and their names in messages."""
_BLOCK = 1 << 16
_New: TypeAlias = Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]
"""Makes a decompressor; that of zstd has the same interface."""
_MOST_MEMORY = 1 << 28  # bytes for unpacking xz; the highest preset of the `xz` command takes a quarter of them


class DamagedFile(Exception):
    """A compressed file cannot be unpacked. The message is a clause that follows the name of the file."""

    def __init__(self, name: str, reason: Exception) -> None:
        super().__init__(f"the {name} file is damaged or cut short ({reason}). Fetch it or pack it again")
        self.reason = str(reason)


def packing(start: bytes) -> str | None:
    """Return the name of the compression of a file with these first bytes; None for a plain file."""
    return next((name for magic, name in _NAMES.items() if start.startswith(magic)), None)


def unpacked(file: BinaryIO | io.BufferedReader) -> io.BufferedReader:
    """Return the content of a file, unpacked where its first bytes are those of gzip, bzip2, xz or zstd.

    Reading raises DamagedFile where the compressed data are damaged. Raise CorpusError where the package for them is
    not installed.
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
    # The readline of these streams is a Python method. A buffer around them is several times faster.
    return io.BufferedReader(_Unpacked(name, read, damage), _BLOCK)


class _Unpacked(io.RawIOBase):
    """A raw stream over `read`, which raises DamagedFile for every kind of damage."""

    def __init__(self, name: str, read: Callable[[int], bytes], damage: type[Exception]) -> None:
        self._name = name
        self._read = read
        self._damage = (EOFError, damage)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a wider type than is used
        try:
            piece = self._read(len(buffer))
        except OSError as error:
            if error.errno is not None:  # an error of the disk, not of the decompressor
                raise
            raise DamagedFile(self._name, error) from error
        except self._damage as error:
            raise DamagedFile(self._name, error) from error
        buffer[: len(piece)] = piece
        return len(piece)


class _Streams:
    """The output of all compressed streams in a file, which may have several."""

    def __init__(self, file: io.BufferedReader, new: _New, padding: bytes = b"") -> None:
        self._file = file
        self._new = new
        self._padding = padding
        self._decompressor = new()

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end. Raise EOFError where the file ends inside a stream."""
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


def _zstd(path: str) -> tuple[Any, type[Exception]]:
    """Return the decompressor of zstd, limited to 128 MiB, and its error. CorpusError where no package has them."""
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
