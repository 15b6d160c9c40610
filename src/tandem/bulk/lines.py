"""The lines that are to be translated: those of a file that may be compressed, or of a stream."""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, unpacked
from tandem.files.lines import check_text, opened

MOST_CHARACTERS = 2**15 + 1
"""Characters of a line that are read: one more than a translator reads, so that it sees that the line is too long."""
_MOST_BYTES = 4 * MOST_CHARACTERS + len(codecs.BOM_UTF8 + b"\r\n")
_SKIP_BYTES = 1 << 20


class Survey(NamedTuple):
    """What is known of a file's lines before any is translated."""

    lines: int
    sha256: str  # The SHA-256 of the lines as they are read


@dataclass(frozen=True)
class FileLines:
    """The lines of a file, which can be read again and again."""

    path: Path

    def __iter__(self) -> Iterator[str]:
        """Yield the lines as `file_lines` does."""
        return file_lines(self.path)


def survey(path: Path) -> Survey:
    """Read a file from end to end, so that a CorpusError about it is raised before the work begins."""
    lines, digest = 0, hashlib.sha256()
    for line in file_lines(path):
        lines += 1
        digest.update(line.encode() + b"\n")
    return Survey(lines, digest.hexdigest())


def file_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a plain or compressed file. CorpusError where it is damaged, not UTF-8 or cannot be read."""
    try:
        with opened(path) as file:
            content = unpacked(file)
            check_text(content.peek(16), path)
            yield from stream_lines(content, str(path))
    except DamagedFile as error:
        raise CorpusError(f"{path}: {error}") from error


def stream_lines(stream: BinaryIO, name: str) -> Iterator[str]:
    r"""Yield the lines of a stream without their ends, which are `\n` and `\r\n` alone, each cut at MOST_CHARACTERS.

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
        yield line.removesuffix("\n").removesuffix("\r")[:MOST_CHARACTERS]
