"""Contexts in two dimensions, and their neighbours: the paper's Figure 2 (Sutskever et al. 2014, section 3.8)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

NEIGHBOURS = 5
_READ_TOGETHER = 2048
"""The number of texts whose contexts are in memory at a time during the search for neighbours."""


@dataclass(frozen=True)
class Phrase:
    """A text to show, and the group that it belongs to."""

    text: str
    group: str = ""  # The name of the group, such as what its paraphrases have in common; empty for no group


@dataclass(frozen=True)
class Neighbour:
    """A text whose context is near."""

    text: str
    distance: float  # The Euclidean distance between the whole contexts


@dataclass(frozen=True)
class PlacedPhrase:
    """A phrase in the plane, at its positions on the first two principal axes; the nearest neighbour comes first."""

    text: str
    group: str
    translation: str
    x: float
    y: float
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True)
class Grouping:
    """Whether phrases of a group lie together, by Euclidean distances between whole contexts.

    Groups of one phrase say nothing and are left out.
    """

    phrases: int
    groups: int
    within: float  # The mean distance between two phrases of the same group
    between: float  # The mean distance between two phrases of different groups
    silhouette: float  # From -1 to 1; above 0 where a phrase's own group is the nearest (Rousseeuw 1987)
    nearest: float  # The percentage of phrases whose nearest other phrase is in the same group
    nearest_by_chance: float  # The same percentage if all distances were random


@dataclass(frozen=True)
class Plane:
    """The contexts of phrases on their first two principal axes."""

    model: str
    state: str  # The part of the encoder's final states that a context consists of, in words
    phrases: tuple[PlacedPhrase, ...]
    variance: tuple[float, float]  # The percentage of the variance on each axis
    neighbours_from: str  # The texts that were searched for neighbours, in words
    grouping: Grouping | None  # How close groups lie; None with fewer than two groups of two phrases


class Axes(NamedTuple):
    """The first two principal axes of contexts."""

    centre: Tensor
    """The mean of the contexts, `[D]`."""
    directions: Tensor
    """`[2, D]`, of length 1; a direction is 0 where the contexts have no such axis."""
    variance: tuple[float, float]
    """The percentage of the contexts' variance on each axis."""

    def place(self, contexts: Tensor) -> Tensor:
        """Return the positions of contexts `[N, D]` on the axes, `[N, 2]` of float64."""
        return (contexts.double() - self.centre.double()) @ self.directions.double().T


def principal_axes(contexts: Tensor) -> Axes:
    """Return the axes of `contexts [N, D]`, whose signs put the farthest context of each axis on its positive side."""
    centre = contexts.double().mean(0)
    centred = contexts.double() - centre
    _, values, rows = torch.linalg.svd(centred, full_matrices=False)
    number = min(2, len(values))
    directions = torch.zeros(2, contexts.shape[1], dtype=torch.float64)
    directions[:number] = rows[:number]
    points = centred @ directions.T  # (N, D) (D, 2) -> (N, 2)
    farthest = points.gather(0, points.abs().argmax(0, keepdim=True))[0]  # (2,)
    directions = directions * torch.where(farthest < 0, -1.0, 1.0)[:, None]
    squares = torch.cat([values**2, torch.zeros(2)])
    shares = 100 * squares[:2] / squares.sum().clamp(min=1e-30)
    return Axes(centre, directions, (float(shares[0]), float(shares[1])))


def principal_plane(contexts: Tensor) -> tuple[Tensor, tuple[float, float]]:
    """Return the first two principal components of `contexts [N, D]`, `[N, 2]`, and each one's share of the variance.

    The shares are in percent. Signs are chosen so that the farthest phrase on each axis lies on its positive side.
    """
    axes = principal_axes(contexts)
    return axes.place(contexts), axes.variance


def nearest(
    phrases: Sequence[str],
    texts: Iterable[str],
    read: Callable[[Sequence[str]], Tensor],
    on_progress: Callable[[int], object] = lambda _: None,
) -> list[tuple[Neighbour, ...]]:
    """Find for each phrase the nearest of the distinct `texts`, without the phrase itself.

    `read` returns contexts `[N, D]`. `on_progress` gets the number of texts read so far. Memory does not grow with the
    number of texts.
    """
    wanted = read(phrases)
    results: list[list[Neighbour]] = [[] for _ in phrases]
    remaining, done = iter(texts), 0
    while some := list(islice(remaining, _READ_TOGETHER)):
        distances = distances_between(wanted, read(some))  # (P, N)
        order = distances.topk(min(NEIGHBOURS + 1, len(some)), largest=False).indices.tolist()
        for row, near in enumerate(order):
            results[row] += [Neighbour(some[n], float(distances[row, n])) for n in near if some[n] != phrases[row]]
            results[row] = sorted(results[row], key=lambda neighbour: neighbour.distance)[:NEIGHBOURS]
        done += len(some)
        on_progress(done)
    return [tuple(neighbours) for neighbours in results]


def measure_groups(contexts: Tensor, groups: Sequence[str]) -> Grouping | None:
    """Measure how far phrases of a group lie together, from `contexts [N, D]` and the group of each, "" for none."""
    sizes = {group: groups.count(group) for group in groups if group}
    rows = [row for row, group in enumerate(groups) if sizes.get(group, 0) > 1]
    names = [groups[row] for row in rows]
    if len(set(names)) < 2:
        return None
    chosen = contexts[rows]
    distances = distances_between(chosen, chosen)
    numbers = torch.tensor([sorted(set(names)).index(name) for name in names])
    same = numbers[:, None] == numbers[None]  # (N, 1) == (1, N) -> (N, N)
    others = same & ~torch.eye(len(names), dtype=torch.bool)
    own = torch.where(others, distances, 0).sum(1) / others.sum(1)
    by_group = torch.stack([distances[:, numbers == n].mean(1) for n in range(len(set(names)))], 1)  # (N, G)
    next_group = by_group.scatter(1, numbers[:, None], torch.inf).amin(1)
    silhouette = (next_group - own) / torch.maximum(own, next_group).clamp(min=1e-30)
    near = distances.clone().fill_diagonal_(torch.inf).argmin(1)
    return Grouping(
        phrases=len(names),
        groups=len(set(names)),
        within=float(distances[others].mean()),
        between=float(distances[~same].mean()),
        silhouette=float(silhouette.mean()),
        nearest=100 * float((numbers[near] == numbers).float().mean()),
        nearest_by_chance=100 * float((others.sum(1) / (len(names) - 1)).mean()),
    )


def distances_between(rows: Tensor, columns: Tensor) -> Tensor:
    """Return Euclidean distances in float64, to keep the digits of small ones: `[N, D]` and `[M, D]` -> `[N, M]`."""
    return torch.cdist(rows.double(), columns.double())
