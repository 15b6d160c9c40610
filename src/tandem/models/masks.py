"""Dropout masks that are drawn in advance, so that two passes can share them.

Letters: `T` steps, `B` batch, `E` embedding, `H` hidden.
"""

import math

import torch
from torch import Tensor


def draw_masks(n_layers: int, shape: tuple[int, int, int], dropout: float, like: Tensor) -> list[Tensor] | None:
    """Draw a mask for the outputs of each layer except the last; None if nothing is dropped."""
    if dropout == 0 or n_layers < 2:
        return None
    return [draw_mask(shape, dropout, like) for _ in range(n_layers - 1)]


def draw_mask(shape: tuple[int, ...], dropout: float, like: Tensor) -> Tensor:
    """Draw a mask to multiply with: 0 with probability `dropout`, else 1 / (1 - dropout)."""
    if like.device.type != "cpu":
        return (torch.rand(shape, device=like.device) >= dropout).to(like.dtype).mul_(1 / (1 - dropout))
    # On a CPU the random number generator is the bottleneck: torch's own dropout draws one number for each element.
    # Here each 64-bit number decides four elements, with 16 bits each, so the probability is exact to 1 / 2^17. A lane
    # of 16 bits is uniform over -2^15 to 2^15 - 1, and an element is dropped if its lane is among the lowest
    # `dropout * 2^16` of these values.
    words = torch.empty(-(-math.prod(shape) // 4), dtype=torch.int64).random_(-(2**63), None)
    lanes = words.view(torch.int16)[: math.prod(shape)].view(shape)
    return (lanes >= round(dropout * 2**16) - 2**15).to(like.dtype).mul_(1 / (1 - dropout))


def draw_embedding_mask(
    shape: tuple[int, int, int], dropout: float, word_dropout: float, like: Tensor
) -> Tensor | None:
    """Draw a mask for embeddings `[T, B, E]` that drops single numbers and whole tokens; None if nothing is dropped."""
    mask = draw_mask(shape, dropout, like) if dropout else None
    if not word_dropout:
        return mask
    words = draw_mask((*shape[:2], 1), word_dropout, like)  # (T, B, 1) against (T, B, E)
    return words.expand(shape) if mask is None else mask.mul_(words)
