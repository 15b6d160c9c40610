"""How a step's batches become one gradient: at once, or shard by shard, by one process or by several."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from tandem.batches import Batch
from tandem.models.kernels.products import keeping_prepared
from tandem.models.masks import drawing
from tandem.training.gradient_rows import collecting
from tandem.training.group import TrainingGroup, Tree
from tandem.training.objective import Objective
from tandem.training.shards import Piece, Shards, make_piece
from tandem.training.trees import Node, sum_into

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class GradientSum(Protocol):
    """Computes the gradient of a step."""

    def add(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], share: int) -> list[float]:
        """Set the gradients of the weights to the sum over all batches, divided by `share`.

        Returns negative log-likelihoods whose sum over all processes is that of the step.
        """


class WholeBatches:
    """Computes each batch at once, in one process, with dropout from torch's global generators."""

    def __init__(self, fabric: "Fabric", wrapped: Callable[..., tuple[Tensor, Tensor]]) -> None:
        """`wrapped` is the objective as Fabric has wrapped it."""
        self._fabric = fabric
        self._wrapped = wrapped

    def add(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], share: int) -> list[float]:  # noqa: ARG002
        """See `GradientSum`."""
        return [self.add_one(batch, own, share) for batch, own in zip(batches, coins, strict=True)]

    def add_one(self, batch: Batch, coins: Tensor, share: int) -> float:
        """Add the gradient of a batch to the gradients of the weights; return its negative log-likelihood."""
        objective, nll = self._wrapped(batch.to(self._fabric.device), coins)
        self._fabric.backward(objective / share)
        return float(nll)

    def add_piece(self, piece: Piece, share: int) -> float:
        """Do what `add_one` does, with dropout by the shards' own seeds."""
        with drawing(piece.draws):
            return self.add_one(piece.batch, piece.coins, share)


class ShardedBatches:
    """Computes the shards of this process together; the processes' gradients are added in any order."""

    def __init__(
        self,
        fabric: "Fabric",
        wrapped: Callable[..., tuple[Tensor, Tensor]],
        objective: Objective,
        group: TrainingGroup,
        shards: Shards,
        seed: int,
    ) -> None:
        """`wrapped` is the objective as Fabric has wrapped it."""
        self._whole = WholeBatches(fabric, wrapped)
        self._parameters = [p for p in objective.parameters() if p.requires_grad]
        self._readings = objective.readings
        self._group = group
        self._shards = shards
        self._seed = seed
        self._spare_rows: list[Tensor] = []

    def add(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], share: int) -> list[float]:
        """See `GradientSum`."""
        own = self._shards.of_process(self._group.rank, self._group.size)
        pieces = self._pieces(step, batches, coins, own)
        if self._group.size == 1:
            return [self._whole.add_piece(piece, share) for piece in pieces]
        tree = Tree(self._group.size, [[Node(rank, rank + 1)] for rank in range(self._group.size)], lambda _: False)
        (row,) = self._group.rows(self._parameters, tree)
        values = self._collect(pieces, share, row)
        self._group.add_rows(self._parameters, tree)
        return values

    def _pieces(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], own: range) -> list[Piece]:
        """Return these shards of each batch; batches where all of them are empty are left out."""
        made = []
        for number, (batch, tossed) in enumerate(zip(batches, coins, strict=True)):
            columns = [(shard, self._shards.columns(len(batch.target_lengths), shard)) for shard in own]
            seed = self._seed, step, number
            made.append(make_piece(batch, tossed, columns, seed=seed, readings=self._readings))
        return [piece for piece in made if piece is not None]

    def _collect(self, pieces: Sequence[Piece], share: int, row: Tensor, *, adding: bool = False) -> list[float]:
        """Write the sum of the gradients of pieces into a row, or add it; return their negative log-likelihoods."""
        values = [self._whole.add_piece(piece, share) for piece in pieces[:-1]]
        with collecting(self._parameters, row, adding=adding):
            return values + [self._whole.add_piece(piece, share) for piece in pieces[-1:]]


class ExactSum(ShardedBatches):
    """Computes shard by shard, and adds the shards' gradients in the order of a tree, whoever has computed them."""

    def add(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], share: int) -> list[float]:
        """See `GradientSum`."""
        group, values = self._group, list[float]()

        def collect(shard: int, row: Tensor, *, adding: bool) -> None:
            """Write the gradient of a shard into a row, which is that of one shard of each batch of the step."""
            pieces = self._pieces(step, batches, coins, range(shard, shard + 1))
            values.extend(self._collect(pieces, share, row, adding=adding))

        terms = _ShardTerms(self._shards, [len(batch.target_lengths) for batch in batches], collect, self._spare_rows)
        ranges = [self._shards.of_process(rank, group.size) for rank in range(group.size)]
        tree = Tree.over(self._shards.count, ranges, terms.is_empty)
        with keeping_prepared():
            for node, row in zip(tree.nodes[group.rank], group.rows(self._parameters, tree), strict=True):
                sum_into(row, node, terms)
        group.add_trees(self._parameters, tree)
        return values


@dataclass(frozen=True)
class _ShardTerms:
    """The gradients of the shards of a step, as the terms of a sum."""

    shards: Shards
    batch_sizes: Sequence[int]
    collect: "_Collect"
    spare_rows: list[Tensor]
    """Rows that were borrowed before, and can be again."""

    def is_empty(self, node: Node) -> bool:
        """See `Terms`."""
        return not any(self.shards.columns(size, shard) for size in self.batch_sizes for shard in range(*node))

    def put(self, leaf: int, target: Tensor) -> None:
        """See `Terms`."""
        self.collect(leaf, target, adding=False)

    def add(self, leaf: int, target: Tensor) -> None:
        """See `Terms`."""
        self.collect(leaf, target, adding=True)

    def join(self, target: Tensor, other: Tensor) -> None:
        """See `Terms`."""
        target += other

    @contextmanager
    def spare(self, like: Tensor) -> Iterator[Tensor]:
        """See `Terms`."""
        row = self.spare_rows.pop() if self.spare_rows else torch.empty_like(like)
        yield row
        self.spare_rows.append(row)


class _Collect(Protocol):
    """Writes the gradient of a shard into a row, or adds it."""

    def __call__(self, shard: int, row: Tensor, *, adding: bool) -> None: ...
