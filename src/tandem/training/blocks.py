"""All logits of a batch never exist together: rows are taken in blocks, and these in slices."""

import torch
from torch import Tensor

# The number of logits in a block, which exist at the same time: little memory compared with the rest of a step. Each
# block adds to the whole gradient of the weights, so that it has at least this many rows, whatever the vocabulary, or
# half as many as there are features.
BLOCK = 2**22
BLOCK_ROWS = 256
# The number of logits in a slice, which are converted to the finer type together: few enough to stay in the cache.
SLICE = 2**19
SLICE_ROWS = 16


def split_rows(count: int, columns: int, numbers: int, at_least: int) -> list[slice]:
    """Split `count` rows of `columns` numbers into slices of at most `numbers` numbers, but of `at_least` rows."""
    height = max(at_least, numbers // columns)
    return [slice(start, start + height) for start in range(0, count, height)]


def add_to(total: Tensor | None, more: Tensor, dtype: torch.dtype) -> Tensor:
    """Add `more` to `total`, which is of `dtype`. Slices are converted one by one, to make no second large matrix."""
    if total is None:
        return more.to(dtype)
    for rows in split_rows(len(total), total.shape[1], SLICE, SLICE_ROWS):
        total[rows] += more[rows].to(dtype)
    return total
