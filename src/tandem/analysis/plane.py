"""Contexts in two dimensions, and what lies near what: the paper's Figure 2 (Sutskever et al. 2014, section 3.8)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

NEIGHBOURS = 5
_READ_TOGETHER = 2048
"""Texts whose contexts are held at once while neighbours are looked for."""


@dataclass(frozen=True)
class Phrase:
    """A text to be shown, and the group that it belongs to."""

    text: str
    group: str = ""
    """Such as what its paraphrases have in common; empty where it belongs to none."""


@dataclass(frozen=True)
class Neighbour:
    """A text whose context is near."""

    text: str
    distance: float
    """Euclidean, between whole contexts."""


@dataclass(frozen=True)
class PlacedPhrase:
    """A phrase in the plane."""

    text: str
    group: str
    translation: str
    x: float
    """Along the direction in which the contexts differ most."""
    y: float
    neighbours: tuple[Neighbour, ...]
    """The nearest first."""


@dataclass(frozen=True)
class Grouping:
    """Whether phrases of a group lie together, by Euclidean distances between whole contexts.

    Groups of one phrase say nothing and are left out.
    """

    phrases: int
    groups: int
    within: float
    """The mean distance of two phrases of one group."""
    between: float
    """The mean distance of two phrases of different groups."""
    silhouette: float
    """From -1 to 1, above 0 where phrases are nearer to their own group than to the next (Rousseeuw 1987)."""
    nearest: float
    """The share, in percent, of phrases whose nearest other phrase is of their group."""
    nearest_by_chance: float
    """What that share would be if all distances were left to chance."""


@dataclass(frozen=True)
class Plane:
    """The contexts of phrases on their first two principal axes."""

    model: str
    state: str
    """Which part of the encoder's final states it is, in words."""
    phrases: tuple[PlacedPhrase, ...]
    variance: tuple[float, float]
    """The share of the variance that each axis holds, in percent."""
    neighbours_from: str
    """Where the neighbours were looked for, in words."""
    grouping: Grouping | None
    """None where there are no two groups, or none of two phrases."""


def principal_plane(contexts: Tensor) -> tuple[Tensor, tuple[float, float]]:
    """Principal components: `contexts [N, D]` -> places `[N, 2]` and the percentage of the variance on each axis.

    Signs are chosen so that the farthest phrase on each axis lies on its positive side.
    """
    centred = contexts.double() - contexts.double().mean(0)
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    places = torch.zeros(len(contexts), 2, dtype=torch.float64)
    number = min(2, len(values))
    places[:, :number] = left[:, :number] * values[:number]  # (N, 2) * (2,) -> (N, 2)
    farthest = places.gather(0, places.abs().argmax(0, keepdim=True))  # (1, 2)
    places = places * torch.where(farthest < 0, -1.0, 1.0)
    squares = torch.cat([values**2, torch.zeros(2)])
    shares = 100 * squares[:2] / squares.sum().clamp(min=1e-30)
    return places, (float(shares[0]), float(shares[1]))


def nearest(
    phrases: Sequence[str],
    texts: Iterable[str],
    read: Callable[[Sequence[str]], Tensor],
    on_progress: Callable[[int], object] = lambda _: None,
) -> list[tuple[Neighbour, ...]]:
    """The nearest of `texts`, each given once, to each phrase, itself left out.

    `read` gives contexts `[N, D]`; `hear` is told how many texts were read. Memory does not grow with the texts.
    """
    wanted = read(phrases)
    found: list[list[Neighbour]] = [[] for _ in phrases]
    remaining, done = iter(texts), 0
    while some := list(islice(remaining, _READ_TOGETHER)):
        distances = distances_between(wanted, read(some))  # (P, N)
        order = distances.topk(min(NEIGHBOURS + 1, len(some)), largest=False).indices.tolist()
        for row, near in enumerate(order):
            found[row] += [Neighbour(some[n], float(distances[row, n])) for n in near if some[n] != phrases[row]]
            found[row] = sorted(found[row], key=lambda neighbour: neighbour.distance)[:NEIGHBOURS]
        done += len(some)
        on_progress(done)
    return [tuple(neighbours) for neighbours in found]


def measure_groups(contexts: Tensor, groups: Sequence[str]) -> Grouping | None:
    """How far phrases of a group lie together: `contexts [N, D]` and each phrase's group, empty for none."""
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
    """Euclidean distances: `[N, D]` and `[M, D]` -> `[N, M]`, of float64, so that near ones keep their digits."""
    return torch.cdist(rows.double(), columns.double())
