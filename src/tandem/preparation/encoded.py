"""A corpus as ids: flat arrays with offsets, in memory or mapped from files."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from mmap import PAGESIZE, mmap
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias

import numpy as np
import numpy.typing as npt

Ids: TypeAlias = npt.NDArray[np.int32]
Offsets: TypeAlias = npt.NDArray[np.int64]

if sys.platform == "linux":
    from mmap import MADV_DONTNEED, MADV_WILLNEED

_BLOCK = 1 << 17  # sentences that are read at a time
_RELEASED_AFTER = 32  # runs of rows that are taken before the pages that were read of their files are given back
_IDS, _OFFSETS = np.dtype("<i4"), np.dtype("<i8")


@dataclass(frozen=True)
class EncodedSide:
    """The sentences of one language: sentence n is `ids[offsets[n]:offsets[n + 1]]`."""

    ids: Ids
    offsets: Offsets

    @classmethod
    def of(cls, ids: Ids, lengths: Offsets) -> Self:
        """Make a side of concatenated sentences and the number of ids in each."""
        return cls(ids, np.concatenate(([0], np.cumsum(lengths))))

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Offsets:
        """The number of ids of each sentence, `<sos>` and `<eos>` counted."""
        return np.diff(self.offsets)

    def lengths_of(self, rows: Offsets) -> Offsets:
        """The number of ids of each of these sentences."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def taken(self, runs: Sequence[slice]) -> Self:
        """Return the sentences of these runs of rows, one after the other, in memory."""
        _read_ahead(self.offsets, ((run.start, run.stop + 1) for run in runs))
        spans, lengths = list[tuple[int, int]](), list[Offsets]()
        for number, run in enumerate(runs, start=1):
            offsets = self.offsets[run.start : run.stop + 1]
            spans.append((int(offsets[0]), int(offsets[-1])))
            lengths.append(np.diff(offsets))
            if number % _RELEASED_AFTER == 0:
                self.release()
        _read_ahead(self.ids, spans)
        ids = np.empty(sum(stop - start for start, stop in spans), _IDS)
        end = 0
        for number, (start, stop) in enumerate(spans, start=1):
            begun, end = end, end + stop - start
            ids[begun:end] = self.ids[start:stop]
            if number % _RELEASED_AFTER == 0:
                self.release()
        self.release()
        return type(self).of(ids, np.concatenate(lengths))

    def release(self) -> None:
        """Give back the memory of what was read from mapped files. It is read again where it is needed again."""
        for array in (self.ids, self.offsets):
            base: object = array.base
            if isinstance(base, mmap) and sys.platform == "linux":  # elsewhere the system does it when it must
                base.madvise(MADV_DONTNEED)


@dataclass(frozen=True)
class EncodedCorpus:
    """Sentence pairs as ids, each side framed by `<sos>` and `<eos>`."""

    source: EncodedSide
    target: EncodedSide

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.source)

    def blocks(self, size: int, most: int) -> Iterator[slice]:
        """Yield blocks of up to `size` pairs: all pairs, or where they are more than `most`, so many from all over.

        After each, what was read of mapped files is given back: a system may map megabytes around each number.
        """
        chosen = len(self) if len(self) <= most else max(most // size, 1) * size
        number = -(-chosen // size)
        for block in range(number):
            start = block * size if chosen == len(self) else block * (len(self) - size) // max(number - 1, 1)
            yield slice(start, min(start + size, len(self)))
            self.release()

    def taken(self, rows: Offsets) -> Self:
        """Return the pairs of these rows in memory. Rows that follow one another are read together."""
        starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) != 1)
        ends = np.append(starts[1:], len(rows)) - 1
        runs = [slice(int(first), int(last) + 1) for first, last in zip(rows[starts], rows[ends], strict=True)]
        return type(self)(self.source.taken(runs), self.target.taken(runs))

    def release(self) -> None:
        """Give back the memory of what was read from mapped files. It is read again where it is needed again."""
        self.source.release()
        self.target.release()

    @property
    def target_tokens(self) -> int:
        """Tokens to predict in one pass: `<eos>` counted, `<sos>` not."""
        return len(self.target.ids) - len(self)


class SideWriter:
    """Writes sentences to `PATH.ids` and `PATH.offsets`, as flat little-endian numbers of 4 and 8 bytes."""

    def __init__(self, path: Path, sentences: int = 0) -> None:
        """Continue after so many sentences; whatever follows them in the files is dropped."""
        self._ids, self._offsets = _open_for_update(f"{path}.ids"), _open_for_update(f"{path}.offsets")
        self.sentences, self.tokens = sentences, 0
        if sentences:
            self._offsets.seek(sentences * _OFFSETS.itemsize)
            self.tokens = int(np.frombuffer(self._offsets.read(_OFFSETS.itemsize), _OFFSETS)[0])
        else:
            self._offsets.write(np.zeros(1, _OFFSETS).tobytes())
        for file, size in (
            (self._ids, self.tokens * _IDS.itemsize),
            (self._offsets, (sentences + 1) * _OFFSETS.itemsize),
        ):
            file.truncate(size)
            file.seek(size)

    def add(self, ids: Ids, lengths: Offsets) -> None:
        """Append concatenated sentences, with the number of ids in each."""
        self._ids.write(ids.astype(_IDS, copy=False).tobytes())
        self._offsets.write((self.tokens + np.cumsum(lengths)).astype(_OFFSETS, copy=False).tobytes())
        self.sentences, self.tokens = self.sentences + len(lengths), self.tokens + len(ids)

    def flush(self) -> None:
        """Flush to disk what was added."""
        for file in (self._ids, self._offsets):
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Close the files."""
        self._ids.close()
        self._offsets.close()


def open_side(path: Path) -> EncodedSide:
    """Map the files of a `SideWriter` into memory, without reading them."""
    return EncodedSide(np.memmap(f"{path}.ids", _IDS, "r"), np.memmap(f"{path}.offsets", _OFFSETS, "r"))


def read_blocks(path: Path) -> Iterator[tuple[Ids, Offsets]]:
    """Yield the sentences of a `SideWriter`'s files in blocks: their concatenated ids, and the ids in each."""
    with Path(f"{path}.ids").open("rb") as ids, Path(f"{path}.offsets").open("rb") as offsets:
        last = np.fromfile(offsets, _OFFSETS, 1)
        while len(block := np.fromfile(offsets, _OFFSETS, _BLOCK)):
            lengths = np.diff(block, prepend=last)
            yield np.fromfile(ids, _IDS, int(lengths.sum())), lengths
            last = block[-1:]


def _read_ahead(array: Ids | Offsets, parts: Iterable[tuple[int, int]]) -> None:
    """Ask the system for parts of a mapped file, each from one index to below another, all at the same time.

    Otherwise each is waited for when it is touched, one after the other, and far more around it is read.
    """
    base: object = array.base
    if not isinstance(base, mmap) or sys.platform != "linux":
        return
    for start, stop in parts:
        first = start * array.itemsize // PAGESIZE * PAGESIZE
        base.madvise(MADV_WILLNEED, first, stop * array.itemsize - first)


def _open_for_update(name: str) -> BinaryIO:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path.open("r+b")
