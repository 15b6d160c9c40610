"""Ids -> batches: sentences of like length together, their order a function of (seed, epoch) alone."""

import os
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tandem.errors import CorpusError
from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.text import PAD_ID

Rows: TypeAlias = npt.NDArray[np.int64]

_BLOCK = 1 << 18
"""Rows that are looked at together; more than this are kept in a file that is mapped into memory."""
_PIECE = 1 << 20
"""Bytes that are written at once."""


class Batch(NamedTuple):
    """Sentence pairs side by side, each a column; S and T are the longest's tokens, `<sos>` and `<eos>` counted."""

    source: Tensor
    """[S, B], int64."""
    source_lengths: Tensor
    """[B], on the CPU."""
    target: Tensor
    """[T, B], int64."""
    target_lengths: Tensor
    """[B], on the CPU."""

    @property
    def target_tokens(self) -> int:
        """Tokens to predict: `<eos>` counted, `<sos>` and padding not."""
        return int(self.target_lengths.sum()) - len(self.target_lengths)

    def to(self, device: torch.device) -> "Batch":
        """The same batch with its ids on `device`; lengths stay where the host can ask them."""
        return self._replace(source=self.source.to(device), target=self.target.to(device))


@dataclass(frozen=True)
class Batches:
    """The batches of one corpus, epoch for epoch. Memory does not grow with the corpus."""

    corpus: EncodedCorpus
    batch_size: int
    """Sentence pairs in a batch; the last of an epoch may be smaller."""
    seed: int
    shuffle: bool = True
    """False: every epoch in the same order, from short to long."""
    workers: int = 1
    """Threads that assemble the next batches while one is in use; how many changes nothing but the time."""
    passes: int = 1
    """Times that an epoch goes through the corpus, each time in an order of its own."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.passes * self._batches_per_pass

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of this epoch (any integer), from number `first` on."""
        chosen = self._rows_of_batches(epoch, first)
        if not self.workers:
            yield from map(self._batch, chosen)
            return
        with ThreadPoolExecutor(self.workers) as beside:
            ready: deque[Future[Batch]] = deque()
            for batch_rows in chosen:
                ready.append(beside.submit(self._batch, batch_rows))
                if len(ready) > self.workers:
                    yield ready.popleft().result()
            while ready:
                yield ready.popleft().result()

    @property
    def _batches_per_pass(self) -> int:
        return -(-len(self.corpus) // self.batch_size)

    def _rows_of_batches(self, epoch: int, first: int) -> Iterator[Rows]:
        """The rows of each batch of an epoch, from batch number `first` on."""
        begun, skipped = divmod(first, self._batches_per_pass)
        for number in range(begun, self.passes):
            rows, order = self._plan(epoch * self.passes + number)
            for index in order[skipped:]:
                yield rows[index * self.batch_size : (index + 1) * self.batch_size]
            skipped = 0

    def padding_share(self) -> float:
        """The share of padding among all places of an epoch's batches, both sides together; the same in each epoch."""
        rows = self._by_length(_counted(len(self.corpus)))
        block = max(_BLOCK // self.batch_size, 1) * self.batch_size
        places = tokens = 0
        for start in range(0, len(rows), block):
            for side in (self.corpus.source, self.corpus.target):
                lengths = side.lengths_of(rows[start : start + block])
                firsts = np.arange(0, len(lengths), self.batch_size)
                sizes = np.diff(np.append(firsts, len(lengths)))
                places += int((np.maximum.reduceat(lengths, firsts) * sizes).sum())
                tokens += int(lengths.sum())
        return 1 - tokens / places

    def _plan(self, number: int) -> tuple[Rows, Rows]:
        """All rows, sorted by length on both sides with ties left to chance, and the batches' order, by chance too.

        `number` tells one pass through the corpus from all others of a training.
        """
        rows, order = _counted(len(self.corpus)), np.arange(self._batches_per_pass)
        if not self.shuffle:
            return self._by_length(rows), order
        chance = np.random.default_rng((self.seed, number))
        chance.shuffle(rows)
        rows = self._by_length(rows)
        chance.shuffle(order)
        return rows, order

    def _by_length(self, rows: Rows) -> Rows:
        return _sorted(_sorted(rows, self.corpus.target), self.corpus.source)

    def _batch(self, rows: Rows) -> Batch:
        source, source_lengths = _pad(self.corpus.source, rows)
        target, target_lengths = _pad(self.corpus.target, rows)
        return Batch(source, source_lengths, target, target_lengths)


def pad_sentences(sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Sentences of ids as columns: `([S, B], lengths [B])`, padded with `<pad>`."""
    lengths = [len(sentence) for sentence in sentences]
    padded = np.full((max(lengths), len(sentences)), PAD_ID, dtype=np.int64)
    for column, sentence in enumerate(sentences):
        padded[: len(sentence), column] = sentence
    return torch.from_numpy(padded), torch.tensor(lengths)


def _pad(side: EncodedSide, rows: Rows) -> tuple[Tensor, Tensor]:
    """Rows of a side as columns, `([S, B], lengths [B])`, gathered in one go."""
    starts, lengths = side.offsets[rows], side.lengths_of(rows)
    steps = np.arange(lengths.max())[:, None]  # (S, 1) against (B,) -> (S, B)
    there = steps < lengths
    padded = np.full(there.shape, PAD_ID, dtype=np.int64)
    padded[there] = side.ids[(starts + steps)[there]]
    return torch.from_numpy(padded), torch.from_numpy(lengths)


def _sorted(rows: Rows, side: EncodedSide) -> Rows:
    """The rows by the length of their sentence, rows of one length as they were: a counting sort, block by block."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK)]
    counts = np.zeros(0, np.int64)
    for block in blocks:
        more = np.bincount(side.lengths_of(rows[block]), minlength=len(counts))
        more[: len(counts)] += counts
        counts = more
    places = np.cumsum(counts) - counts  # where the next row of each length goes
    found = _room(len(rows))
    for block in blocks:
        lengths = side.lengths_of(rows[block])
        order = np.argsort(lengths, kind="stable")
        lengths = lengths[order]
        counts = np.bincount(lengths, minlength=len(places))
        before = np.cumsum(counts) - counts
        found[places[lengths] + np.arange(len(lengths)) - before[lengths]] = rows[block][order]
        places += counts
    return found


def _counted(count: int) -> Rows:
    rows = _room(count)
    for start in range(0, count, _BLOCK):
        rows[start : start + _BLOCK] = np.arange(start, min(start + _BLOCK, count))
    return rows


def _room(count: int) -> Rows:
    """An array of so many rows; a large one lies in a file without a name, so that memory is not what holds it."""
    if count <= _BLOCK:
        return np.empty(count, np.int64)
    size = count * np.dtype(np.int64).itemsize
    try:
        with tempfile.TemporaryFile(prefix="tandem-") as file:  # mapped, it lives until nobody uses it
            _reserve(file, size)
            return np.asarray(np.memmap(file, np.int64, "r+", shape=(count,)))
    except OSError as error:
        raise CorpusError(
            f"{tempfile.tempdir or 'TMPDIR'}: the order of {count:,} pairs, which takes {size:,} bytes, cannot be kept "
            f"there: {error.strerror or error}. Make room there, or set TMPDIR to another folder"
        ) from error


def _reserve(file: IO[bytes], size: int) -> None:
    """Have the disk hold room for so many bytes: a mapped file for which it has none ends the process (SIGBUS)."""
    if sys.platform == "linux":
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        for start in range(0, size, _PIECE):
            file.write(bytes(min(_PIECE, size - start)))
        file.flush()
