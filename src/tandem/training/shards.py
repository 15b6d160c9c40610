"""How a batch is cut into shards, so that any number of processes computes the same.

The cut depends on the batch alone. A process has a run of consecutive shards, and the random numbers of a shard follow
from the seed, the step and the shard's number. So it does not matter which process has it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tandem.batches import Batch
from tandem.models.masks import ColumnDraws


@dataclass(frozen=True)
class Shards:
    """The cut of each batch into `count` shards."""

    count: int

    def columns(self, batch_size: int, shard: int) -> range:
        """Return the columns of a shard, consecutive ones; none where there are fewer columns than shards.

        A batch is sorted by length. Its pieces are numbered from both ends inwards, so that any run of shards has
        about its share of the tokens: 0, n - 1, 1, n - 2, ...
        """
        half = shard // 2
        piece = self.count - 1 - half if shard % 2 else half
        return range(piece * batch_size // self.count, (piece + 1) * batch_size // self.count)

    def of_process(self, rank: int, processes: int) -> range:
        """Return the shards of a process, consecutive ones."""
        return range(rank * self.count // processes, (rank + 1) * self.count // processes)


def take_columns(batch: Batch, columns: Tensor) -> Batch:
    """Return these columns of a batch, without steps that are only padding."""
    source_lengths, target_lengths = batch.source_lengths[columns], batch.target_lengths[columns]
    steps = int(source_lengths.max())
    return Batch(
        batch.source[:steps, columns],
        source_lengths,
        batch.target[: int(target_lengths.max()), columns],
        target_lengths,
        None if batch.copies is None else batch.copies[:steps, columns],
    )


def take_coins(coins: Tensor, columns: Tensor, steps: int) -> Tensor:
    """Return the coins of these columns, for `steps` steps."""
    return coins[:steps] if coins.dim() == 1 else coins[:steps, columns]


@dataclass(frozen=True)
class Piece:
    """Shards of one batch that are computed together."""

    batch: Batch
    coins: Tensor
    draws: ColumnDraws


def make_piece(
    batch: Batch, coins: Tensor, ranges: list[tuple[int, range]], *, seed: tuple[int, ...], readings: int
) -> Piece | None:
    """Return shards of a batch, given as numbers and columns, to be computed together; None where all are empty.

    `seed` identifies the batch, and `readings` is the number of times that the model reads it at once.
    """
    ranges = [(shard, columns) for shard, columns in ranges if columns]
    if not ranges:
        return None
    columns = torch.cat([torch.arange(part.start, part.stop) for _, part in ranges])
    taken = take_columns(batch, columns)
    draws = ColumnDraws([((*seed, shard), len(part)) for shard, part in ranges], readings)
    return Piece(taken, take_coins(coins, columns, len(taken.target) - 1), draws)
