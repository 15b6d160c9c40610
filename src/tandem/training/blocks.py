"""Blocks and slices of rows, so that all logits of a batch are never in memory at once."""

import torch
from torch import Tensor

# The number of logits in a block, which are in memory together: little compared with the rest of a training step. Each
# block adds to the gradient of all weights, so it has at least BLOCK_ROWS rows, or half as many as there are features.
BLOCK = 2**22
BLOCK_ROWS = 256
# The number of logits in a slice, which are converted to the finer type together, and stay in the cache.
SLICE = 2**19
SLICE_ROWS = 16


def split_rows(count: int, columns: int, numbers: int, at_least: int) -> list[slice]:
    """Split `count` rows of `columns` numbers into slices of at most `numbers` numbers, but of `at_least` rows."""
    height = max(at_least, numbers // columns)
    return [slice(start, start + height) for start in range(0, count, height)]


def add_to(total: Tensor | None, more: Tensor, dtype: torch.dtype) -> Tensor:
    """Add `more` to `total`, whose type is `dtype`. Slices are converted one by one, without a second large matrix."""
    if total is None:
        return more.to(dtype)
    for rows in split_rows(len(total), total.shape[1], SLICE, SLICE_ROWS):
        total[rows] += more[rows].to(dtype)
    return total
