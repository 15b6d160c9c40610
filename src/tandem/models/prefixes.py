"""The beginnings that the sources of a batch share, so that an encoder reads each of them once."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Places = npt.NDArray[np.int64]


class Level(NamedTuple):
    """The distinct beginnings of t tokens, and the sources that end here. Letters: `P` beginnings, `n` sources."""

    size: int
    """P"""
    parents: Tensor | None
    """Which beginning of the level before each one continues, [P]; None where each continues its own."""
    ending: tuple[Tensor, Tensor] | None
    """Which sources end here, and at which beginning, [n] each; None where none does."""


class PrefixTree(NamedTuple):
    """All that a batch's sources make an encoder read: no padding, and nothing twice."""

    tokens: Tensor
    """The last token of each beginning, level after level."""
    levels: list[Level]


def prefix_tree(source: Tensor, lengths: Tensor) -> PrefixTree:
    """The distinct beginnings of `source [S, B]`, of `lengths [B]`. Those of the first level continue one root."""
    device = source.device
    if source.shape[1] == 1:  # shares nothing, and nobody waits longer than for a single one
        steps, one = int(lengths), torch.zeros(1, dtype=torch.int64, device=device)
        return PrefixTree(source[:steps, 0], [Level(1, None, None)] * (steps - 1) + [Level(1, None, (one, one))])
    ids, last = source.cpu().numpy(), lengths.cpu().numpy() - 1
    sources: Places = np.arange(len(last))  # those that go on
    places: Places = np.zeros_like(sources)  # and at which beginning of the level before each stands
    tokens: list[Places] = []
    levels: list[Level] = []
    for t in range(int(last.max()) + 1):
        keys, places = _distinct(places, ids[t, sources])
        parents, found = keys
        ending = last[sources] == t
        levels.append(
            Level(
                len(found),
                None if np.array_equal(parents, np.arange(levels[-1].size if levels else 1)) else _on(parents, device),
                (_on(sources[ending], device), _on(places[ending], device)) if ending.any() else None,
            )
        )
        tokens.append(found)
        sources, places = sources[~ending], places[~ending]
    return PrefixTree(_on(np.concatenate(tokens), device), levels)


def _distinct(places: Places, tokens: Places) -> tuple[tuple[Places, Places], Places]:
    """The distinct pairs of a place and a token in their order, and which of them each given pair is."""
    width = int(tokens.max()) + 1
    keys, inverse = np.unique(places * width + tokens, return_inverse=True)
    return (keys // width, keys % width), inverse


def _on(values: Places, device: torch.device) -> Tensor:
    """An array as a tensor on a device."""
    return torch.from_numpy(values).to(device)
