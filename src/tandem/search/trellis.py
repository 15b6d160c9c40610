"""All the tokens that a beam search ever considered, each with a pointer to the one before it."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

ROOT = 0
"""The node before every first token; it is its own parent."""


@dataclass
class Trellis:
    """A growing tree of nodes, numbered from 0, the root; a hypothesis is the number of its last node.

    Nothing is copied when the beam is reordered or a sentence leaves the batch: numbers stay what they are.
    """

    size: int = 1
    _tokens: list[Tensor] = field(default_factory=list)
    _scores: list[Tensor] = field(default_factory=list)
    _parents: list[Tensor] = field(default_factory=list)

    def add(self, tokens: Tensor, scores: Tensor, parents: Tensor) -> Tensor:
        """Add nodes, all arguments of one shape, and return their numbers in that shape."""
        nodes = torch.arange(self.size, self.size + tokens.numel(), device=tokens.device).view_as(tokens)
        self.size += tokens.numel()
        self._tokens.append(tokens.flatten())
        self._scores.append(scores.flatten())
        self._parents.append(parents.flatten())
        return nodes

    def read(self, nodes: Tensor) -> tuple[list[list[int]], list[list[float]]]:
        """Return the tokens of the paths from the root to `nodes`, `[H]`, and their scores, in order."""
        if not self._tokens:
            return [[] for _ in nodes], [[] for _ in nodes]
        # Three transfers, then pointers are followed on the host, for all paths at once.
        root = torch.zeros(1, dtype=torch.int64)
        tokens = torch.cat([root, torch.cat(self._tokens).cpu()])
        parents = torch.cat([root, torch.cat(self._parents).cpu()])
        scores = torch.cat(self._scores).cpu()
        scores = torch.cat([scores.new_zeros(1), scores])
        nodes = nodes.cpu()
        path = []  # of each step back: (H,)
        while bool((nodes != ROOT).any()):
            path.append(nodes)
            nodes = parents[nodes]
        paths = torch.stack(path[::-1], dim=1) if path else nodes.new_empty(len(nodes), 0)  # (H, T)
        # Shorter paths begin with the root, several times.
        starts = (paths == ROOT).sum(dim=1).tolist()
        return (
            [row[start:] for row, start in zip(tokens[paths].tolist(), starts, strict=True)],
            [row[start:] for row, start in zip(scores[paths].tolist(), starts, strict=True)],
        )
