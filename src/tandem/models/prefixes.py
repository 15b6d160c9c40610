"""The prefixes that the sequences of a batch share, so that a recurrence reads each of them once.

Letters: `S` source length, `T` target length, `B` sources, `N` targets, `P` distinct prefixes of one length, `n`
sources that end at that length.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Indices = npt.NDArray[np.int64]


class Level(NamedTuple):
    """The distinct prefixes of t tokens."""

    size: int
    """P"""
    parents: Tensor | None
    """The prefix of the previous level that each one continues, `[P]`; None if prefix p continues prefix p."""
    ending: tuple[Tensor, Tensor] | None
    """The sources that end here, and the number of the prefix that each one is, `[n]` each; None if no source ends.

    Always None for targets, whose ends are not needed.
    """


class PrefixTree(NamedTuple):
    """The tokens that a recurrence reads for a batch of sequences: no padding, and nothing twice."""

    tokens: Tensor
    """The last token of each prefix, level after level."""
    levels: list[Level]
    """The prefixes of one token, of two tokens, and so on."""

    def spread(self, values: Tensor) -> Tensor:
        """Return for each prefix the value of the row that it continues: `[N]` -> `[P]`, over all levels."""
        each = []
        for level in self.levels:
            values = values if level.parents is None else values.index_select(0, level.parents)
            each.append(values)
        return torch.cat(each)


def prefix_tree(source: Tensor, lengths: Tensor) -> PrefixTree:
    """Return the distinct prefixes of `source [S, B]`, of `lengths [B]`. The first level continues one root."""
    device = source.device
    if source.shape[1] == 1:  # a single source shares nothing; skipping the search lowers the latency
        steps, zero = int(lengths), torch.zeros(1, dtype=torch.int64, device=device)
        return PrefixTree(source[:steps, 0], [Level(1, None, None)] * (steps - 1) + [Level(1, None, (zero, zero))])
    roots: Indices = np.zeros(source.shape[1], np.int64)
    last = lengths.cpu().numpy() - 1
    tokens: list[Indices] = []
    levels: list[Level] = []
    for t, grown in enumerate(_grow(source.cpu().numpy(), last, roots)):
        ending = last[grown.sequences] == t
        ends = (
            (_to_tensor(grown.sequences[ending], device), _to_tensor(grown.positions[ending], device))
            if ending.any()
            else None
        )
        levels.append(_level(grown, levels[-1].size if levels else 1, ends, device))
        tokens.append(grown.tokens)
    return PrefixTree(_to_tensor(np.concatenate(tokens), device), levels)


class TargetTree(NamedTuple):
    """The prefixes that a decoder reads for a batch of targets, and the number of each target's prefixes among them."""

    tree: PrefixTree
    """The distinct prefixes."""
    places: Indices
    """The number of each target's prefix of each length, `[T, N]`, counted over all levels.

    After the end of a target, the numbers are undefined.
    """


def target_tree(targets: Tensor, lengths: Tensor, roots: Tensor, device: torch.device) -> TargetTree:
    """Return the distinct prefixes of `targets [T, N]`, of `lengths [N]`. Target n continues the state `roots[n]`.

    The tree is on `device`; everything else is on the CPU.
    """
    last, states = lengths.numpy() - 1, roots.numpy()
    places = np.zeros(targets.shape, np.int64)
    tokens: list[Indices] = []
    levels: list[Level] = []
    before, total = int(states.max()) + 1, 0
    for t, grown in enumerate(_grow(targets.numpy(), last, states)):
        places[t, grown.sequences] = grown.positions + total
        levels.append(_level(grown, before, None, device))
        tokens.append(grown.tokens)
        before, total = len(grown.tokens), total + len(grown.tokens)
    return TargetTree(PrefixTree(_to_tensor(np.concatenate(tokens), device), levels), places)


class _Grown(NamedTuple):
    """A level under construction."""

    parents: Indices
    """The prefix of the previous level that each one continues, `[P]`."""
    tokens: Indices
    """The last token of each, `[P]`."""
    sequences: Indices
    """The sequences that are long enough for this level."""
    positions: Indices
    """The prefix of this level that each of these sequences has."""


def _grow(ids: Indices, last: Indices, roots: Indices) -> Iterator[_Grown]:
    """Yield the levels of the tree of `ids [T, N]`, whose columns end at `last [N]` and continue `roots [N]`."""
    sequences: Indices = np.arange(len(last))
    positions = roots
    for t in range(int(last.max()) + 1):
        (parents, tokens), positions = _distinct(positions, ids[t, sequences])
        yield _Grown(parents, tokens, sequences, positions)
        longer = last[sequences] > t
        sequences, positions = sequences[longer], positions[longer]


def _level(grown: _Grown, before: int, ending: tuple[Tensor, Tensor] | None, device: torch.device) -> Level:
    """Return a finished level, whose parents are `before` prefixes."""
    each_its_own = np.array_equal(grown.parents, np.arange(before))
    return Level(len(grown.tokens), None if each_its_own else _to_tensor(grown.parents, device), ending)


def _distinct(parents: Indices, tokens: Indices) -> tuple[tuple[Indices, Indices], Indices]:
    """Return the distinct pairs of a parent and a token, in ascending order, and which of them each given pair is."""
    # A pair as one number, which sorts as the pair does: parent * width + token.
    width = int(tokens.max()) + 1
    keys, inverse = np.unique(parents * width + tokens, return_inverse=True)
    return (keys // width, keys % width), inverse


def _to_tensor(values: Indices, device: torch.device) -> Tensor:
    return torch.from_numpy(values).to(device)
