"""The beginnings that the sequences of a batch share, so that a recurrence reads each of them once."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Places = npt.NDArray[np.int64]


class Level(NamedTuple):
    """The distinct beginnings of t tokens, and the sources that end here. Letters: `P` beginnings, `n` sources.

    Nobody asks where targets end, so for them nothing is said.
    """

    size: int
    """P"""
    parents: Tensor | None
    """Which beginning of the level before each one continues, [P]; None where each continues its own."""
    ending: tuple[Tensor, Tensor] | None
    """Which sources end here, and at which beginning, [n] each; None where none does."""


class PrefixTree(NamedTuple):
    """All that a batch's sequences make a recurrence read: no padding, and nothing twice."""

    tokens: Tensor
    """The last token of each beginning, level after level."""
    levels: list[Level]


def prefix_tree(source: Tensor, lengths: Tensor) -> PrefixTree:
    """The distinct beginnings of `source [S, B]`, of `lengths [B]`. Those of the first level continue one root."""
    device = source.device
    if source.shape[1] == 1:  # shares nothing, and nobody waits longer than for a single one
        steps, one = int(lengths), torch.zeros(1, dtype=torch.int64, device=device)
        return PrefixTree(source[:steps, 0], [Level(1, None, None)] * (steps - 1) + [Level(1, None, (one, one))])
    sources: Places = np.zeros(source.shape[1], np.int64)
    last = lengths.cpu().numpy() - 1
    tokens: list[Places] = []
    levels: list[Level] = []
    for t, grown in enumerate(_grown(source.cpu().numpy(), last, sources)):
        ending = last[grown.sequences] == t
        ends = (_on(grown.sequences[ending], device), _on(grown.places[ending], device)) if ending.any() else None
        levels.append(_level(grown, levels[-1].size if levels else 1, ends, device))
        tokens.append(grown.tokens)
    return PrefixTree(_on(np.concatenate(tokens), device), levels)


class TargetTree(NamedTuple):
    """What targets make a decoder read, and where each of their beginnings is found among all that are read."""

    tree: PrefixTree
    places: Places
    """[T, N], counted over all levels; of no meaning beyond a target's end."""


def target_tree(targets: Tensor, lengths: Tensor, roots: Tensor, device: torch.device) -> TargetTree:
    """The distinct beginnings of `targets [T, N]`, of `lengths [N]`; each continues one of the states, `roots [N]`.

    The tree is on `device`; all else is on the CPU.
    """
    last, states = lengths.numpy() - 1, roots.numpy()
    places = np.zeros(targets.shape, np.int64)
    tokens: list[Places] = []
    levels: list[Level] = []
    before, total = int(states.max()) + 1, 0
    for t, grown in enumerate(_grown(targets.numpy(), last, states)):
        places[t, grown.sequences] = grown.places + total
        levels.append(_level(grown, before, None, device))
        tokens.append(grown.tokens)
        before, total = len(grown.tokens), total + len(grown.tokens)
    return TargetTree(PrefixTree(_on(np.concatenate(tokens), device), levels), places)


class _Grown(NamedTuple):
    """A level in the making."""

    parents: Places
    tokens: Places
    sequences: Places
    """Those that reach this level."""
    places: Places
    """At which of its beginnings each stands."""


def _grown(ids: Places, last: Places, roots: Places) -> Iterator[_Grown]:
    """Level after level of the tree of `ids [T, N]`, whose columns end at `last [N]` and continue `roots [N]`."""
    sequences: Places = np.arange(len(last))
    places = roots
    for t in range(int(last.max()) + 1):
        (parents, tokens), places = _distinct(places, ids[t, sequences])
        yield _Grown(parents, tokens, sequences, places)
        going = last[sequences] > t
        sequences, places = sequences[going], places[going]


def _level(grown: _Grown, before: int, ending: tuple[Tensor, Tensor] | None, device: torch.device) -> Level:
    """A level after one of so many beginnings."""
    each = np.array_equal(grown.parents, np.arange(before))
    return Level(len(grown.tokens), None if each else _on(grown.parents, device), ending)


def _distinct(places: Places, tokens: Places) -> tuple[tuple[Places, Places], Places]:
    """The distinct pairs of a place and a token in their order, and which of them each given pair is."""
    width = int(tokens.max()) + 1
    keys, inverse = np.unique(places * width + tokens, return_inverse=True)
    return (keys // width, keys % width), inverse


def _on(values: Places, device: torch.device) -> Tensor:
    """An array as a tensor on a device."""
    return torch.from_numpy(values).to(device)
