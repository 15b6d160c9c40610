"""Makes batches of ids: sentences of similar length together, in an order that depends only on seed and epoch."""

import os
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tandem.batches.pools import Pools, Rows
from tandem.errors import CorpusError
from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.text import PAD_ID
from tandem.text.bpe_dropout import BpeDropout
from tandem.text.copying import CopyTable

_BLOCK = 1 << 18
"""Rows that are processed together. Longer arrays of rows are kept in a file that is mapped into memory."""
_PIECE = 1 << 20  # bytes that are written at a time


class Batch(NamedTuple):
    """B sentence pairs, each a column. S and T are the tokens of the longest one, `<sos>` and `<eos>` included."""

    source: Tensor  # [S, B], int64
    source_lengths: Tensor  # [B], on the CPU
    target: Tensor  # [T, B], int64
    target_lengths: Tensor  # [B], on the CPU
    copies: Tensor | None = None  # [S, B], the number of each source token (`text/copying.py`); None without copying

    @property
    def target_tokens(self) -> int:
        """The number of tokens to predict: with `<eos>`, without `<sos>` and padding."""
        return int(self.target_lengths.sum()) - len(self.target_lengths)

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its ids on `device`. The lengths stay on the CPU."""
        copies = None if self.copies is None else self.copies.to(device)
        return self._replace(source=self.source.to(device), target=self.target.to(device), copies=copies)


class _Plan(NamedTuple):
    """The rows of a pass or a pool in the order of its batches."""

    corpus: EncodedCorpus  # what the rows belong to: the whole corpus, or a pool in memory
    rows: Rows
    order: Rows
    """The order of the batches, each of which is consecutive `rows`."""
    numbers: Rows | None = None
    """The number of each row in the whole corpus; None where that is the row."""


@dataclass(frozen=True)
class Batches:
    """The batches of a corpus for every epoch. Memory does not grow with the corpus.

    A shuffled corpus of more than `MOST_ROWS` pairs comes in pools (`batches/pools.py`). A thread reads each into
    memory, shuffles and sorts it, while the one before it is used.
    """

    corpus: EncodedCorpus
    batch_size: int  # sentence pairs in a batch; the last of an epoch may be smaller
    seed: int
    shuffle: bool = True  # False: every epoch has the same order, from short to long.
    workers: int = 1  # threads that assemble the next batches; their number changes only the time
    passes: int = 1  # how many times an epoch goes through the corpus, each time in another order
    source_dropout: BpeDropout | None = None  # cuts the words of the sources anew each time
    target_dropout: BpeDropout | None = None
    copying: CopyTable | None = None  # for a corpus whose ids are extended

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.passes * self._batches_per_pass

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of this epoch (any integer), from number `first` on."""
        chosen = self._rows_of_batches(epoch, first)
        if not self.workers:
            yield from (self._batch(*each) for each in chosen)
            return
        with ThreadPoolExecutor(self.workers) as threads:
            ready: deque[Future[Batch]] = deque()
            for each in chosen:
                ready.append(threads.submit(self._batch, *each))
                if len(ready) > self.workers:
                    yield ready.popleft().result()
            while ready:
                yield ready.popleft().result()

    @property
    def _batches_per_pass(self) -> int:
        return -(-len(self.corpus) // self.batch_size)

    def _rows_of_batches(self, epoch: int, first: int) -> Iterator[tuple[_Plan, Rows, int]]:
        """Yield the rows of each batch of an epoch, from batch number `first` on, with their plan and their pass."""
        begun, skipped = divmod(first, self._batches_per_pass)
        begun_pool, skipped = divmod(skipped, self._pools.batches)
        passes = range(epoch * self.passes + begun, (epoch + 1) * self.passes)
        parts = [(number, pool) for number in passes for pool in range(len(self._pools))][begun_pool:]
        for (number, _), plan in zip(parts, self._plans(parts), strict=True):
            for index in plan.order[skipped:]:
                yield plan, plan.rows[index * self.batch_size : (index + 1) * self.batch_size], number
            skipped = 0

    def _plans(self, parts: Sequence[tuple[int, int]]) -> Iterator[_Plan]:
        """Yield the plans of pools, given by pass and pool. Of a corpus of several pools the next is made meanwhile."""
        if len(self._pools) == 1:
            yield from (self._plan(number) for number, _ in parts)
            return
        with ThreadPoolExecutor(1) as thread:
            ahead: deque[Future[_Plan]] = deque()
            for part in parts:
                ahead.append(thread.submit(self._plan_pool, *part))
                if len(ahead) > 1:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    @property
    def _pools(self) -> Pools:
        # Only shuffled rows are in pools: without shuffling, all batches go from short to long.
        return Pools(len(self.corpus), self.batch_size, whole=not self.shuffle)

    def padding_share(self) -> float:
        """Return the fraction of padding in the batches of an epoch, both sides together.

        Every epoch has the same. For a corpus of several pools it is that of one pool, which all are like.
        """
        corpus, rows = self.corpus, _all_rows(len(self.corpus)) if len(self._pools) == 1 else None
        if rows is None:
            corpus, rows, *_ = self._plan_pool(0, 0)
        else:
            rows = _by_length(corpus, rows)
        block = max(_BLOCK // self.batch_size, 1) * self.batch_size
        positions = tokens = 0
        for start in range(0, len(rows), block):
            for side in (corpus.source, corpus.target):
                lengths = side.lengths_of(rows[start : start + block])
                firsts = np.arange(0, len(lengths), self.batch_size)
                sizes = np.diff(np.append(firsts, len(lengths)))
                positions += int((np.maximum.reduceat(lengths, firsts) * sizes).sum())
                tokens += int(lengths.sum())
        return 1 - tokens / positions

    def _plan(self, number: int) -> _Plan:
        """Plan pass `number` over the whole corpus: rows sorted by length with random ties, batches in random order."""
        rows = _all_rows(len(self.corpus))
        if not self.shuffle:
            return _Plan(self.corpus, _by_length(self.corpus, rows), np.arange(self._batches_per_pass))
        return self._shuffled(self.corpus, rows, np.random.default_rng((self.seed, number)))

    def _plan_pool(self, number: int, pool: int) -> _Plan:
        """Plan a pool of pass `number`, read into memory, as a pass over a small corpus."""
        numbers = self._pools.rows_of(pool, np.random.default_rng((self.seed, number)))
        plan = self._shuffled(
            self.corpus.taken(numbers), np.arange(len(numbers)), np.random.default_rng((self.seed, number, pool + 1))
        )
        return plan._replace(numbers=numbers)

    def _shuffled(self, corpus: EncodedCorpus, rows: Rows, generator: np.random.Generator) -> _Plan:
        generator.shuffle(rows)
        rows = _by_length(corpus, rows)
        order = np.arange(-(-len(rows) // self.batch_size))
        generator.shuffle(order)
        return _Plan(corpus, rows, order)

    def _batch(self, plan: _Plan, rows: Rows, number: int) -> Batch:
        numbers = rows if plan.numbers is None else plan.numbers[rows]
        source, source_lengths = _pad(*_cut(plan.corpus.source, rows, numbers, self.source_dropout, number))
        target, target_lengths = _pad(*_cut(plan.corpus.target, rows, numbers, self.target_dropout, number))
        if self.copying is None:
            return Batch(source, source_lengths, target, target_lengths)
        read, copies = copied_sources(source, self.copying)
        return Batch(read, source_lengths, target, target_lengths, copies)


def pad_sentences(sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return sentences of ids as columns `[S, B]`, padded with `<pad>`, and their lengths `[B]`."""
    lengths = [len(sentence) for sentence in sentences]
    padded = np.full((max(lengths), len(sentences)), PAD_ID, dtype=np.int64)
    for column, sentence in enumerate(sentences):
        padded[: len(sentence), column] = sentence
    return torch.from_numpy(padded), torch.tensor(lengths)


def _cut(
    side: EncodedSide, rows: Rows, numbers: Rows, dropout: BpeDropout | None, number: int
) -> tuple[EncodedSide, Rows]:
    """Return a side and rows of it: the given ones, or the same sentences with their words cut anew."""
    if dropout is None:
        return side, rows
    ids = np.concatenate([side.ids[side.offsets[row] : side.offsets[row + 1]] for row in rows])
    return EncodedSide.of(*dropout.cut(ids, side.lengths_of(rows), numbers, number)), np.arange(len(rows))


def copied_sources(source: Tensor, table: CopyTable) -> tuple[Tensor, Tensor]:
    """Return what an encoder reads of extended `source [S, B]`, and the numbers of its tokens, `[S, B]` each."""
    ids = source.numpy()
    return torch.from_numpy(table.read_by_encoder(ids)), torch.from_numpy(table.numbers_of(ids))


def _pad(side: EncodedSide, rows: Rows) -> tuple[Tensor, Tensor]:
    """Return rows of a side as columns `[S, B]`, and their lengths `[B]`, gathered in one step."""
    starts, lengths = side.offsets[rows], side.lengths_of(rows)
    steps = np.arange(lengths.max())[:, None]  # (S, 1) against (B,) -> (S, B)
    mask = steps < lengths  # True for tokens, False for padding
    padded = np.full(mask.shape, PAD_ID, dtype=np.int64)
    padded[mask] = side.ids[(starts + steps)[mask]]
    return torch.from_numpy(padded), torch.from_numpy(lengths)


def _by_length(corpus: EncodedCorpus, rows: Rows) -> Rows:
    """Return the rows sorted stably by source length, and by target length where these are equal."""
    return _sorted(_sorted(rows, corpus.target), corpus.source)


def _sorted(rows: Rows, side: EncodedSide) -> Rows:
    """Return the rows sorted stably by the length of their sentences: a counting sort, block by block."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK)]
    counts = np.zeros(0, np.int64)
    for block in blocks:
        more = np.bincount(side.lengths_of(rows[block]), minlength=len(counts))
        more[: len(counts)] += counts
        counts = more
    next_free = np.cumsum(counts) - counts  # where the next row of each length goes
    result = _empty_rows(len(rows))
    for block in blocks:
        lengths = side.lengths_of(rows[block])
        order = np.argsort(lengths, kind="stable")
        lengths = lengths[order]
        counts = np.bincount(lengths, minlength=len(next_free))
        before = np.cumsum(counts) - counts
        # Within a block, the rows of one length keep their order: the first goes to the next free place, and so on.
        result[next_free[lengths] + np.arange(len(lengths)) - before[lengths]] = rows[block][order]
        next_free += counts
    return result


def _all_rows(count: int) -> Rows:
    rows = _empty_rows(count)
    for start in range(0, count, _BLOCK):
        rows[start : start + _BLOCK] = np.arange(start, min(start + _BLOCK, count))
    return rows


def _empty_rows(count: int) -> Rows:
    """Return an array for so many rows. A large one is mapped from a file without a name, to save memory."""
    if count <= _BLOCK:
        return np.empty(count, np.int64)
    size = count * np.dtype(np.int64).itemsize
    try:
        with tempfile.TemporaryFile(prefix="tandem-") as file:  # the mapping keeps it alive
            _reserve(file, size)
            return np.asarray(np.memmap(file, np.int64, "r+", shape=(count,)))
    except OSError as error:
        raise CorpusError(
            f"{tempfile.tempdir or 'TMPDIR'}: the order of {count:,} pairs, which takes {size:,} bytes, cannot be kept "
            f"there: {error.strerror or error}. Make room there, or set TMPDIR to another folder"
        ) from error


def _reserve(file: IO[bytes], size: int) -> None:
    """Reserve so many bytes on the disk. A mapped file without them would end the process with SIGBUS."""
    if sys.platform == "linux":
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        for start in range(0, size, _PIECE):
            file.write(bytes(min(_PIECE, size - start)))
        file.flush()
