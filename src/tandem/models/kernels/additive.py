"""The additive score of attention with a gradient, block by block.

The plain formula needs a tensor of all queries, positions and units, which is far larger than any other tensor of a
model. Here, only one block of it is in memory at a time, small enough for the processor's cache. The backward pass
computes each block again, which is faster than reading it back from memory. So long sentences take no more memory than
short ones.

Letters: `B` sources, `Q` queries of each source, `S` source length, `A` units.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

_BLOCK = 2**17  # elements of a block on a CPU
_GPU_BLOCK = 2**26  # on a GPU, where many small blocks are slow


class AdditiveScores(torch.autograd.Function):
    """`(queries [B, Q, A], keys [B, S, A], vector [A]) -> [B, Q, S]`: the sum over A of vector sigma(query + key)."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, vector: Tensor) -> Tensor:
        """Return the scores in the type of the arguments."""
        ctx.save_for_backward(queries, keys, vector)
        scores = queries.new_empty(queries.shape[0], queries.shape[1], keys.shape[1])
        for sources, rows in _blocks(queries, keys):
            scores[sources, rows] = _gates(queries, keys, sources, rows) @ vector
        return scores

    @staticmethod
    def backward(ctx: Any, grad_scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of queries, keys and vector."""
        queries, keys, vector = ctx.saved_tensors
        grad_queries, grad_keys, grad_vector = (torch.zeros_like(part) for part in (queries, keys, vector))
        for sources, rows in _blocks(queries, keys):
            gates, grad = _gates(queries, keys, sources, rows), grad_scores[sources, rows]
            grad_vector += gates.flatten(0, 2).t() @ grad.flatten()
            # sigma' = sigma (1 - sigma) = sigma - sigma^2. The factor `vector` is the same for all queries and keys, so
            # it multiplies the sums at the end.
            slopes = gates.addcmul_(gates, gates, value=-1).mul_(grad.unsqueeze(3))
            grad_queries[sources, rows] = slopes.sum(dim=2)
            grad_keys[sources] += slopes.sum(dim=1)
        return grad_queries.mul_(vector), grad_keys.mul_(vector), grad_vector


def _gates(queries: Tensor, keys: Tensor, sources: slice, rows: slice) -> Tensor:
    """Return sigma(query + key) of a block, `[b, q, S, A]`."""
    return (queries[sources, rows].unsqueeze(2) + keys[sources].unsqueeze(1)).sigmoid_()


def _blocks(queries: Tensor, keys: Tensor) -> Iterator[tuple[slice, slice]]:
    """Yield the sources and the rows of queries of each block: several sources, or a part of the rows of one."""
    batch, count, units = queries.shape
    together = max(1, (_GPU_BLOCK if queries.is_cuda else _BLOCK) // max(1, keys.shape[1] * units))
    sources, rows = max(1, together // max(count, 1)), min(together, count)
    for first in range(0, batch, sources):
        for row in range(0, count, max(rows, 1)):
            yield slice(first, first + sources), slice(row, row + rows)
