"""Identifies corpora by the SHA-256 of their content. A known file is recognised by its size and its time stamp."""

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tandem.corpora.pairs import Corpus, Fault
from tandem.errors import CorpusError, NotWrittenError
from tandem.files.atomic import replace_file
from tandem.files.lines import is_plain_text, opened
from tandem.files.paths import ordinary
from tandem.terminal import OnProgress

_BLOCK = 1 << 22
_UNSETTLED = 2_000_000_000
"""Nanoseconds. A file that is hashed so soon after its last change may change again without a new time stamp."""


class Content(NamedTuple):
    """The content of a corpus."""

    sha256: str
    lines: int | None  # the number of lines of its files of sources; None where one of them is no plain text
    files: tuple[tuple[str, str], ...] = ()  # name and SHA-256 of each file, or else of the pairs


@dataclass(frozen=True)
class Contents:
    """Hashes corpora, and remembers in `folder` which files it has hashed."""

    folder: Path
    verify: bool = False  # whether files are hashed again although they are remembered
    on_progress: OnProgress = lambda *_: None

    def of(self, corpus: Corpus, max_characters: int) -> Content:
        """Return the content of a corpus, its layout included. Without files, its pairs are hashed."""
        parts = [self._file(path) for path in corpus.files]
        if parts:
            described = json.dumps([corpus.layout, *(part.sha256 for part in parts)])
            files = tuple((path.name, part.sha256) for path, part in zip(corpus.files, parts, strict=True))
            lines = [part.lines for part in parts[: len(corpus.source_files)]]
            total = None if None in lines else sum(count for count in lines if count is not None)
            return Content(hashlib.sha256(described.encode()).hexdigest(), total, files)
        sums = hashlib.sha256()
        for row in corpus.rows(max_characters):
            texts = [row.message()] if isinstance(row, Fault) else row
            sums.update(json.dumps(texts).encode() + b"\n")
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
                self.on_progress(f"reading {path.name}", file.tell(), before.st_size)
            after = os.fstat(file.fileno())
        if [after.st_size, after.st_mtime_ns] != stamp:
            raise CorpusError(f"{path}: it was changed while it was read. Start again when it is whole.")
        content = Content(sums.hexdigest(), lines if is_text else None)
        if before.st_mtime_ns + _UNSETTLED < now:
            self.folder.mkdir(parents=True, exist_ok=True)
            with suppress(NotWrittenError):  # another process may write the same record; it is only a shortcut
                replace_file(record, json.dumps({"path": str(path), "stamp": stamp, **content._asdict()}))
        return content


def _remembered(record: Path, stamp: list[int]) -> Content | None:
    """Return the content in a record; None where it is of another time stamp, or cannot be read."""
    try:
        known = json.loads(ordinary(record).read_text(encoding="utf-8"))
        return Content(known["sha256"], known["lines"]) if known["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
