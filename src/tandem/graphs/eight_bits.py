"""Weights in 8 bits: each row, or each block of a row, has a scale of its own.

Letters: `M` rows of a weight, `K` columns.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BLOCK = 64
"""Numbers of a row that share a scale."""


class Quantised(NamedTuple):
    """A weight whose numbers are (value - 128) x scale."""

    values: npt.NDArray[np.uint8]
    """`[M, blocks, BLOCK]`; a last block that is not full ends in 128."""
    scales: npt.NDArray[np.float32]
    """`[M, blocks]`"""


def blocks_of(columns: int) -> int:
    """Return the number of blocks of a row."""
    return -(-columns // BLOCK)


def quantised(weight: npt.NDArray[np.float32]) -> Quantised:
    """Quantise `weight [M, K]`: the largest number of each block becomes 127 or -127, and others the nearest."""
    rows, columns = weight.shape
    blocks = blocks_of(columns)
    padded = np.pad(weight, ((0, 0), (0, blocks * BLOCK - columns))).reshape(rows, blocks, BLOCK)
    scales = np.abs(padded).max(axis=2) / np.float32(127)
    steps = np.divide(padded, scales[:, :, None], out=np.zeros_like(padded), where=scales[:, :, None] > 0)
    return Quantised((np.rint(steps) + 128).astype(np.uint8), scales)


def quantised_rows(weight: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantise `weight [M, K]` with a scale for each row: values `[K, M]`, turned for products, and scales `[M]`."""
    scales = np.abs(weight).max(axis=1) / np.float32(127)
    steps = np.divide(weight, scales[:, None], out=np.zeros_like(weight), where=scales[:, None] > 0)
    return np.rint(steps).astype(np.int8).T, scales
