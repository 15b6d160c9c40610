"""The lines that are to be translated: of a file that may be compressed, or of a stream."""

import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, unpacked
from tandem.files.lines import check_text, opened
from tandem.text.codec import MAX_SOURCE_CHARACTERS

_MOST_CHARACTERS = MAX_SOURCE_CHARACTERS + 1
"""Of a line that are read: enough for the translator to see that it is too long."""
_MOST_BYTES = 4 * _MOST_CHARACTERS + len(codecs.BOM_UTF8 + b"\r\n")
_SKIP_BYTES = 1 << 20


class Survey(NamedTuple):
    """What is known of a file's lines before any is translated."""

    lines: int
    sha256: str
    """Of the lines as they are read."""


class Readable(Protocol):
    """What lines are read from."""

    def readline(self, size: int, /) -> bytes:
        """Up to `size` bytes of the line, with its end; none at the end of the file."""


def survey(path: Path) -> Survey:
    """Read a file from end to end, so that what is wrong with it shows before the work begins. CorpusError."""
    lines, digest = 0, hashlib.sha256()
    for line in file_lines(path):
        lines += 1
        digest.update(line.encode() + b"\n")
    return Survey(lines, digest.hexdigest())


def file_lines(path: Path) -> Iterator[str]:
    """The lines of a plain or compressed file. CorpusError where it cannot be read, is damaged or not UTF-8."""
    try:
        with opened(path) as file:
            content = unpacked(file)
            check_text(content.peek(16), path)
            yield from stream_lines(content, str(path))
    except DamagedFile as error:
        raise CorpusError(f"{path}: {error}") from error


def stream_lines(stream: Readable, name: str) -> Iterator[str]:
    r"""The lines of a stream without their ends, which are `\n` and `\r\n` alone; no more is held than is translated.

    A byte order mark at the start is dropped; a last line without an end counts. CorpusError, with the stream's
    `name`, where a line is not UTF-8.
    """
    number = 0
    while raw := stream.readline(_MOST_BYTES):
        number += 1
        whole = raw.endswith(b"\n") or len(raw) < _MOST_BYTES
        text = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if not text:  # a byte order mark and nothing else
            return
        try:
            # A piece of a line may end within a character.
            line, _ = codecs.utf_8_decode(text, "strict", whole)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name} line {number}: not UTF-8 (byte {error.start + 1} of the line); convert it, perhaps with iconv"
            ) from error
        if not whole:
            while (piece := stream.readline(_SKIP_BYTES)) and not piece.endswith(b"\n"):
                pass
        yield line.removesuffix("\n").removesuffix("\r")[:_MOST_CHARACTERS]
