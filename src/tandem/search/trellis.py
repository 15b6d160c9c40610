"""All the tokens that a search considered, each with a pointer to the one before it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.engines import FloatArray, IntArray

ROOT = 0
"""The node before every first token; it is its own parent."""
_LEAST = 1024
"""Nodes are dropped only if more than this many can be. It is also the initial size of the arrays."""


class Trellis:
    """A growing tree of nodes, numbered from 0, the root; a hypothesis is the number of its last node.

    Nothing is copied when hypotheses are reordered or a source leaves the batch: numbers do not change.
    """

    def __init__(self) -> None:
        self._size = 1  # the used length of the arrays; the root is the first element
        self._dropped = 0  # the number of dropped nodes: the number of a node minus this is its place in the arrays
        self._tokens: IntArray = np.zeros(_LEAST, np.int64)
        self._parents: IntArray = np.zeros(_LEAST, np.int64)
        self._scores: FloatArray = np.zeros(_LEAST)

    @property
    def next(self) -> int:
        """The number of the next node."""
        return self._dropped + self._size

    def add(self, tokens: IntArray, scores: FloatArray, parents: IntArray) -> IntArray:
        """Add nodes, all arguments of one shape, and return their numbers in that shape."""
        nodes = np.arange(self.next, self.next + tokens.size).reshape(tokens.shape)
        end = self._size + tokens.size
        if end > len(self._tokens):
            room = 2 * end - len(self._tokens)
            self._tokens, self._parents = (_extended(values, room) for values in (self._tokens, self._parents))
            self._scores = _extended(self._scores, room)
        added = slice(self._size, end)
        self._tokens[added], self._parents[added], self._scores[added] = tokens.ravel(), parents.ravel(), scores.ravel()
        self._size = end
        return nodes

    def forget(self, first: int) -> None:
        """Drop the nodes before the number `first`, which are never read again, once they are most of all nodes."""
        unneeded = first - 1 - self._dropped
        if unneeded > max(_LEAST, self._size // 2):
            for values in (self._tokens, self._parents, self._scores):
                values[1 : self._size - unneeded] = values[1 + unneeded : self._size].copy()
            self._size -= unneeded
            self._dropped += unneeded

    def read(self, nodes: IntArray) -> tuple[list[list[int]], list[list[float]]]:
        """Return the tokens of the paths from the root to `nodes`, `[H]`, and their scores, in order."""
        path = []  # the nodes of each step back: (H,)
        places = self._places(nodes)
        while (places != ROOT).any():
            path.append(places)
            places = self._places(self._parents[places])
        paths = np.stack(path[::-1], axis=1) if path else np.zeros((len(nodes), 0), np.int64)  # (H, T)
        starts = (paths == ROOT).sum(axis=1).tolist()  # shorter paths begin with the root, several times
        return (
            [row[start:] for row, start in zip(self._tokens[paths].tolist(), starts, strict=True)],
            [row[start:] for row, start in zip(self._scores[paths].tolist(), starts, strict=True)],
        )

    def _places(self, nodes: IntArray) -> IntArray:
        """Return the places of nodes in the arrays."""
        return np.maximum(nodes - self._dropped, ROOT) if self._dropped else nodes


def _extended(values: npt.NDArray[Any], by: int) -> npt.NDArray[Any]:
    return np.concatenate([values, np.zeros(by, values.dtype)])
