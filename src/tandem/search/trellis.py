"""All the tokens that a search ever considered, each with a pointer to the one before it."""

import numpy as np

from tandem.engines import FloatArray, IntArray

ROOT = 0
"""The node before every first token; it is its own parent."""


class Trellis:
    """A growing tree of nodes, numbered from 0, the root; a hypothesis is the number of its last node.

    Nothing is copied when hypotheses are reordered or a source leaves the batch: numbers stay what they are.
    """

    def __init__(self) -> None:
        self.size = 1
        self._tokens: list[IntArray] = [np.zeros(1, np.int64)]
        self._parents: list[IntArray] = [np.zeros(1, np.int64)]
        self._scores: list[FloatArray] = [np.zeros(1)]

    def add(self, tokens: IntArray, scores: FloatArray, parents: IntArray) -> IntArray:
        """Add nodes, all arguments of one shape, and return their numbers in that shape."""
        nodes = np.arange(self.size, self.size + tokens.size).reshape(tokens.shape)
        self.size += tokens.size
        self._tokens.append(tokens.ravel())
        self._parents.append(parents.ravel())
        self._scores.append(scores.ravel())
        return nodes

    def read(self, nodes: IntArray) -> tuple[list[list[int]], list[list[float]]]:
        """Return the tokens of the paths from the root to `nodes`, `[H]`, and their scores, in order."""
        tokens, parents = np.concatenate(self._tokens), np.concatenate(self._parents)
        scores = np.concatenate(self._scores)
        path = []  # of each step back: (H,)
        while (nodes != ROOT).any():
            path.append(nodes)
            nodes = parents[nodes]
        paths = np.stack(path[::-1], axis=1) if path else np.zeros((len(nodes), 0), np.int64)  # (H, T)
        starts = (paths == ROOT).sum(axis=1).tolist()  # shorter paths begin with the root, several times
        return (
            [row[start:] for row, start in zip(tokens[paths].tolist(), starts, strict=True)],
            [row[start:] for row, start in zip(scores[paths].tolist(), starts, strict=True)],
        )
