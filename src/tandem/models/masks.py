"""Dropout masks that are drawn in advance, so that two passes can share them.

Letters: `T` steps, `B` batch, `E` embedding, `H` hidden.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor


class ColumnDraws:
    """Draws masks for groups of columns that stand side by side, each from a seed of its own.

    A group's mask does not depend on the groups beside it, nor on how many steps are drawn after its own.
    """

    def __init__(self, groups: Sequence[tuple[Sequence[int], int]], readings: int = 1) -> None:
        """`groups` are seeds, each with its number of columns. All columns come `readings` times, one after another."""
        self._groups = groups
        self._readings = readings
        self._drawn = 0  # the number of masks that were drawn; it is a part of the seed of the next one

    def draw(self, shape: tuple[int, int, int], dropout: float, like: Tensor) -> Tensor:
        """Draw a mask `[T, B, E]`, as `draw_mask` does. B must be the number of all columns."""
        steps, _, features = shape
        parts = [
            self._lanes((*seed, self._drawn), steps * self._readings * columns * features).reshape(
                steps, self._readings, columns, features
            )
            for seed, columns in self._groups
        ]
        self._drawn += 1
        lanes = torch.from_numpy(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2))
        return _mask(lanes.view(shape).to(like.device), dropout, like)

    @staticmethod
    def _lanes(seed: tuple[int, ...], count: int) -> "np.typing.NDArray[np.int16]":
        words = np.random.SFC64(seed).random_raw(-(-count // 4))
        return np.asarray(words).view(np.int16)[:count]


_DRAWS: ContextVar[ColumnDraws | None] = ContextVar("draws", default=None)


@contextmanager
def drawing(draws: ColumnDraws) -> Iterator[None]:
    """Let all masks of the block be drawn by `draws`, instead of from torch's global generators."""
    token = _DRAWS.set(draws)
    try:
        yield
    finally:
        _DRAWS.reset(token)


def draw_masks(n_layers: int, shape: tuple[int, int, int], dropout: float, like: Tensor) -> list[Tensor] | None:
    """Draw a mask for the outputs of each layer except the last; None if nothing is dropped."""
    if dropout == 0 or n_layers < 2:
        return None
    return [draw_mask(shape, dropout, like) for _ in range(n_layers - 1)]


def draw_mask(shape: tuple[int, int, int], dropout: float, like: Tensor) -> Tensor:
    """Draw a mask to multiply with: 0 with probability `dropout`, else 1 / (1 - dropout)."""
    if (draws := _DRAWS.get()) is not None:
        return draws.draw(shape, dropout, like)
    if like.device.type != "cpu":
        return (torch.rand(shape, device=like.device) >= dropout).to(like.dtype).mul_(1 / (1 - dropout))
    # On a CPU the random number generator is the bottleneck: torch's own dropout draws one number for each element.
    # Here each 64-bit number decides four elements, with 16 bits each, so the probability is exact to 1 / 2^17. A lane
    # of 16 bits is uniform over -2^15 to 2^15 - 1, and an element is dropped if its lane is among the lowest
    # `dropout * 2^16` of these values.
    words = torch.empty(-(-math.prod(shape) // 4), dtype=torch.int64).random_(-(2**63), None)
    return _mask(words.view(torch.int16)[: math.prod(shape)].view(shape), dropout, like)


def _mask(lanes: Tensor, dropout: float, like: Tensor) -> Tensor:
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
