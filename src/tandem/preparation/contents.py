"""Which content a corpus has, told by SHA-256; a file that was hashed before is known by its size and time stamp."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tandem.corpora.pairs import Corpus, Fault
from tandem.errors import CorpusError, NotWrittenError
from tandem.files.atomic import replace_file
from tandem.files.lines import is_plain_text, opened
from tandem.files.paths import ordinary

_BLOCK = 1 << 22
_UNSETTLED = 2_000_000_000
"""Nanoseconds: a file hashed so soon after its last change may change again without a new time stamp."""

Hear = Callable[[str, int, int | None], object]
"""Is told of progress: what is done, how much of it is done, how much there is, if that is known."""


class Content(NamedTuple):
    """A corpus's content."""

    sha256: str
    lines: int | None
    """Of its first file; None where that is compressed or there is none."""
    files: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of each of its files, or of its pairs, where it has no files."""


@dataclass(frozen=True)
class Contents:
    """Hashes corpora, and remembers in `folder` the files that it has hashed."""

    folder: Path
    verify: bool = False
    """Hash again, whatever is remembered."""
    hear: Hear = lambda *_: None

    def of(self, corpus: Corpus, max_characters: int) -> Content:
        """The content of a corpus, its layout included; of its pairs, where it has no files."""
        parts = [self._file(path) for path in corpus.files]
        if parts:
            described = json.dumps([corpus.layout, *(part.sha256 for part in parts)])
            files = tuple((path.name, part.sha256) for path, part in zip(corpus.files, parts, strict=True))
            return Content(hashlib.sha256(described.encode()).hexdigest(), parts[0].lines, files)
        sums = hashlib.sha256()
        for row in corpus.rows(max_characters):
            said = [row.message()] if isinstance(row, Fault) else row
            sums.update(json.dumps(said).encode() + b"\n")
        return Content(sums.hexdigest(), None, ((corpus.name, sums.hexdigest()),))

    def _file(self, path: Path) -> Content:
        with opened(path) as file:
            record = self.folder / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]}.json"
            before = os.fstat(file.fileno())
            stamp = [before.st_size, before.st_mtime_ns]
            if not self.verify and (known := _remembered(record, stamp)):
                return known
            sums, lines, now = hashlib.sha256(), 0, time.time_ns()
            is_text = is_plain_text(file.read(16))
            file.seek(0)
            while block := file.read(_BLOCK):
                sums.update(block)
                lines += block.count(b"\n")
                self.hear(f"reading {path.name}", file.tell(), before.st_size)
            after = os.fstat(file.fileno())
        if [after.st_size, after.st_mtime_ns] != stamp:
            raise CorpusError(f"{path}: it was changed while it was read. Start again when it is whole.")
        found = Content(sums.hexdigest(), lines if is_text else None)
        if before.st_mtime_ns + _UNSETTLED < now:
            self.folder.mkdir(parents=True, exist_ok=True)
            with suppress(NotWrittenError):  # another process may write the same record; it is only a shortcut
                replace_file(record, json.dumps({"path": str(path), "stamp": stamp, **found._asdict()}))
        return found


def _remembered(record: Path, stamp: list[int]) -> Content | None:
    try:
        known = json.loads(ordinary(record).read_text(encoding="utf-8"))
        return Content(known["sha256"], known["lines"]) if known["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
