"""Ids -> batches: sentences of like length together, their order a function of (seed, epoch) alone."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tandem.data.encoded import EncodedCorpus, EncodedSide
from tandem.text import PAD_ID


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
    """The batches of one corpus, epoch for epoch."""

    corpus: EncodedCorpus
    batch_size: int
    """Sentence pairs in a batch; the last of an epoch may be smaller."""
    seed: int
    shuffle: bool = True
    """False: every epoch in the same order, from short to long."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.corpus) // self.batch_size)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of this epoch (any integer), from number `first` on, each assembled while the last is in use."""
        with ThreadPoolExecutor(max_workers=1) as beside:
            following: Future[Batch] | None = None
            for rows in self._plan(epoch)[first:]:
                ready, following = following, beside.submit(self._batch, rows)
                if ready is not None:
                    yield ready.result()
            if following is not None:
                yield following.result()

    def padding_share(self, epoch: int = 1) -> float:
        """The share of padding among all places of an epoch's batches, both sides together."""
        places = tokens = 0
        for side in (self.corpus.source, self.corpus.target):
            lengths = side.lengths
            tokens += int(lengths.sum())
            places += sum(int(lengths[rows].max()) * len(rows) for rows in self._plan(epoch))
        return 1 - tokens / places

    def _plan(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """The rows of each batch: sorted by length on both sides, ties and the batches' order left to chance."""
        chance = np.random.default_rng((self.seed, epoch))
        rows = chance.permutation(len(self.corpus)) if self.shuffle else np.arange(len(self.corpus))
        by_length = np.lexsort((self.corpus.target.lengths[rows], self.corpus.source.lengths[rows]))
        rows = rows[by_length]
        batches = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        if self.shuffle:
            return [batches[index] for index in chance.permutation(len(batches))]
        return batches

    def _batch(self, rows: npt.NDArray[np.int64]) -> Batch:
        source, source_lengths = _pad(self.corpus.source, rows)
        target, target_lengths = _pad(self.corpus.target, rows)
        return Batch(source, source_lengths, target, target_lengths)


def pad_sentences(sentences: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Sentences of ids as columns: `([S, B], lengths [B])`, padded with `<pad>`."""
    lengths = [len(sentence) for sentence in sentences]
    padded = np.full((max(lengths), len(sentences)), PAD_ID, dtype=np.int64)
    for column, sentence in enumerate(sentences):
        padded[: len(sentence), column] = sentence
    return torch.from_numpy(padded), torch.tensor(lengths)


def _pad(side: EncodedSide, rows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Rows of a side as columns, `([S, B], lengths [B])`, gathered in one go."""
    starts, lengths = side.offsets[rows], side.offsets[rows + 1] - side.offsets[rows]
    steps = np.arange(lengths.max())[:, None]  # (S, 1) against (B,) -> (S, B)
    there = steps < lengths
    padded = np.full(there.shape, PAD_ID, dtype=np.int64)
    padded[there] = side.ids[(starts + steps)[there]]
    return torch.from_numpy(padded), torch.from_numpy(lengths)
