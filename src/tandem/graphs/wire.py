"""Protocol Buffers' wire format, as far as an ONNX model needs it.

A message is a list of chunks: bytes, and holes where the values of weights go. So one description of a model serves to
write its file and to check one: what stands outside of the holes must be these bytes and no others.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

_VARINT, _DELIMITED, _FIXED32 = 0, 2, 5


class Hole(NamedTuple):
    """The place of a weight's values."""

    name: str
    size: int
    """In bytes."""
    is_float: bool
    """Whether it holds float32."""


Chunk: TypeAlias = bytes | Hole


class Message:
    """A message that grows field by field."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.size = 0

    def integer(self, field: int, value: int) -> "Message":
        """Add an integer; a negative one is written as its complement of two in 64 bits."""
        return self._add(_tag(field, _VARINT) + _varint(value))

    def real(self, field: int, value: float) -> "Message":
        """Add a float32."""
        return self._add(_tag(field, _FIXED32) + struct.pack("<f", value))

    def text(self, field: int, value: str) -> "Message":
        """Add a string."""
        return self.data(field, value.encode())

    def data(self, field: int, value: bytes) -> "Message":
        """Add bytes."""
        return self._add(_tag(field, _DELIMITED) + _varint(len(value)) + value)

    def hole(self, field: int, hole: Hole) -> "Message":
        """Add bytes that are filled in later."""
        self._add(_tag(field, _DELIMITED) + _varint(hole.size))
        self.chunks.append(hole)
        self.size += hole.size
        return self

    def message(self, field: int, value: "Message") -> "Message":
        """Add a message."""
        self._add(_tag(field, _DELIMITED) + _varint(value.size))
        self.chunks += value.chunks
        self.size += value.size
        return self

    def messages(self, field: int, values: Iterable["Message"]) -> "Message":
        """Add several messages under one number."""
        for value in values:
            self.message(field, value)
        return self

    def _add(self, data: bytes) -> "Message":
        self.chunks.append(data)
        self.size += len(data)
        return self


def _tag(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
