"""How a step's batches become one gradient: at once, or shard by shard, by one process or by several."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from tandem.batches import Batch
from tandem.models.masks import drawing
from tandem.training.group import TrainingGroup, Tree, add_lists
from tandem.training.objective import Objective
from tandem.training.shards import Piece, Shards, make_piece
from tandem.training.trees import Node, tree_sum

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

    def add(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], share: int) -> list[float]:
        """See `GradientSum`."""
        own = self._shards.of_process(self._group.rank, self._group.size)
        values = []
        for number, (batch, tossed) in enumerate(zip(batches, coins, strict=True)):
            piece = self._piece(step, number, batch, tossed, own)
            if piece is not None:
                values.append(self._whole.add_piece(piece, share))
        self._group.add_gradients(self._parameters)
        return values

    def _piece(self, step: int, number: int, batch: Batch, coins: Tensor, own: range) -> Piece | None:
        columns = [(shard, self._shards.columns(len(batch.target_lengths), shard)) for shard in own]
        return make_piece(batch, coins, columns, seed=(self._seed, step, number), readings=self._readings)


class ExactSum(ShardedBatches):
    """Computes shard by shard, and adds the shards' gradients in the order of a tree, whoever has computed them."""

    def add(self, step: int, batches: Sequence[Batch], coins: Sequence[Tensor], share: int) -> list[float]:
        """See `GradientSum`."""
        count, group, values = self._shards.count, self._group, list[float]()

        def shard_gradient(shard: int) -> list[Tensor] | None:
            """Return the gradient of a shard, which is that of one shard of each batch of the step."""
            for number, (batch, tossed) in enumerate(zip(batches, coins, strict=True)):
                piece = self._piece(step, number, batch, tossed, range(shard, shard + 1))
                if piece is not None:
                    values.append(self._whole.add_piece(piece, share))
            gradients = [parameter.grad for parameter in self._parameters]
            for parameter in self._parameters:
                parameter.grad = None
            if all(gradient is None for gradient in gradients):
                return None
            return [
                torch.zeros_like(parameter) if gradient is None else gradient
                for parameter, gradient in zip(self._parameters, gradients, strict=True)
            ]

        def is_empty(node: Node) -> bool:
            sizes = [len(batch.target_lengths) for batch in batches]
            return not any(self._shards.columns(size, shard) for size in sizes for shard in range(*node))

        tree = Tree.over(count, [self._shards.of_process(rank, group.size) for rank in range(group.size)], is_empty)
        parts: dict[Node, list[Tensor] | None] = dict.fromkeys(tree.empty)
        for node in tree.nodes[group.rank]:
            parts[node] = tree_sum(node, shard_gradient, add_lists)
        group.add_trees(self._parameters, parts, tree)
        return values
