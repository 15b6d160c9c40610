"""The processes that train a model together, as one of them sees them.

All of them hold the same weights and take the same steps. What differs is which shards of a batch each one computes.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from tandem.errors import TrainingError
from tandem.training.shared_memory import SharedRows, reserved_file
from tandem.training.trees import Node, covering, joined

Value = TypeVar("Value")

_PATIENCE = timedelta(hours=2)
"""How long a process waits for the others; one that has died is noticed at once where its machine is alive."""


class PeerLost(TrainingError):
    """Another process of the training does not answer any more."""


class TrainingGroup(Protocol):
    """What the processes of a training do together. Every process must make the same calls in the same order."""

    rank: int
    """The number of this process, from 0. Process 0 writes the run and reports."""
    size: int
    """The number of processes."""
    processes_here: int
    """The number of processes on this machine."""
    sent: int
    """The bytes of gradients that this process has sent so far."""

    def share(self, value: Value) -> list[Value]:
        """Return the value that each process gave, in the order of ranks."""

    def first(self) -> AbstractContextManager[None]:
        """A context whose block one process of each machine runs before the others of that machine."""

    def copy_weights(self, weights: Sequence[Tensor]) -> None:
        """Overwrite these tensors by those of process 0."""

    def add_numbers(self, numbers: Tensor) -> Tensor:
        """Return the sum of all processes' float64 numbers, a small tensor on the CPU."""

    def add_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace each gradient by the sum of all processes' gradients. A gradient that is None counts as 0."""

    def add_trees(
        self, parameters: Sequence[nn.Parameter], parts: dict[Node, list[Tensor] | None], tree: "Tree"
    ) -> None:
        """Set each gradient to the root of a tree of which each process has some nodes; `parts` are this one's."""


class Tree:
    """The nodes of a tree over shards that each process works out."""

    def __init__(self, shards: int, nodes: Sequence[Sequence[Node]], is_empty: Callable[[Node], bool]) -> None:
        """`nodes` are those of each rank; `is_empty` says of which nodes all shards are empty, on every process."""
        self.root = Node(0, shards)
        self.nodes = [[node for node in own if not is_empty(node)] for own in nodes]
        self.empty = [node for own in nodes for node in own if is_empty(node)]

    @classmethod
    def over(cls, shards: int, ranges: Sequence[range], is_empty: Callable[[Node], bool]) -> "Tree":
        """Return the tree for processes with these ranges of shards."""
        root = Node(0, shards)
        return cls(shards, [list(covering(root, own.start, own.stop)) for own in ranges], is_empty)


class Alone:
    """A training in a single process."""

    rank = 0
    size = 1
    processes_here = 1
    sent = 0

    def share(self, value: Value) -> list[Value]:
        """Return the value."""
        return [value]

    @contextmanager
    def first(self) -> Iterator[None]:
        """Run the block."""
        yield

    def copy_weights(self, weights: Sequence[Tensor]) -> None:
        """Do nothing."""

    def add_numbers(self, numbers: Tensor) -> Tensor:
        """Return the numbers."""
        return numbers

    def add_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Do nothing."""

    def add_trees(self, parameters: Sequence[nn.Parameter], parts: dict[Node, list[Tensor] | None], tree: Tree) -> None:
        """Set each gradient to the root."""
        total = joined(tree.root, parts, add_lists)
        for parameter, gradient in zip(parameters, total or [], strict=True):
            parameter.grad = gradient


class Processes:
    """The processes that `torchrun` or `tandem train --processes` has started, joined by torch.distributed."""

    def __init__(self) -> None:
        """Join the group that the environment describes, as torchrun does it."""
        self.rank = int(os.environ["RANK"])
        self.size = int(os.environ["WORLD_SIZE"])
        self.sent = 0
        self.processes_here = int(os.environ["LOCAL_WORLD_SIZE"])
        self._is_first = int(os.environ["LOCAL_RANK"]) == 0
        # "cpu:gloo,cuda:nccl": small numbers are exchanged on the CPU, gradients where they are.
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
        self._shared: SharedRows | None = None
        self._may_share = 1 < self.size == self.processes_here
        with _peers():
            dist.init_process_group(backend, timeout=_PATIENCE)
        self._check_alike()

    def leave(self) -> None:
        """Leave the group, without waiting for the others."""
        dist.destroy_process_group()

    def _check_alike(self) -> None:
        """Raise TrainingError where processes compute with unequal threads or versions: their weights would differ."""
        all_of_them = self.share((torch.get_num_threads(), str(torch.__version__)))
        for rank, (threads, version) in enumerate(all_of_them):
            if (threads, version) != all_of_them[0]:
                raise TrainingError(
                    f"process {rank} has {threads} threads and torch {version}, but process 0 has {all_of_them[0][0]} "
                    f"and {all_of_them[0][1]}: the processes of a training must be alike. Set OMP_NUM_THREADS to one "
                    "number for all of them"
                )

    def share(self, value: Value) -> list[Value]:
        """Return the value that each process gave, in the order of ranks."""
        values: list[Any] = [None] * self.size
        with _peers():
            dist.all_gather_object(values, value)
        return values

    @contextmanager
    def first(self) -> Iterator[None]:
        """Let one process of each machine run the block before the others of that machine."""
        if self._is_first:
            yield
        with _peers():
            dist.barrier()
        if not self._is_first:
            yield

    def copy_weights(self, weights: Sequence[Tensor]) -> None:
        """Overwrite these tensors by those of process 0."""
        with _peers():
            for tensor in weights:
                dist.broadcast(tensor, 0)

    def add_numbers(self, numbers: Tensor) -> Tensor:
        """Return the sum of all processes' numbers."""
        with _peers():
            dist.all_reduce(numbers)
        return numbers

    def add_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace each gradient by the sum of all processes' gradients, in one exchange."""
        size = sum(parameter.numel() for parameter in parameters)
        nodes = [[Node(rank, rank + 1)] for rank in range(self.size)]
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in parameters
        ]
        if self._shares(parameters, self.size):
            # Any order of adding will do, so that of a tree over the processes will.
            self._add_in_memory(parameters, {nodes[self.rank][0]: gradients}, Tree(self.size, nodes, lambda _: False))
            return
        flat = parameters[0].new_empty(size)
        with torch.no_grad(), _peers():
            torch.cat([gradient.flatten() for gradient in gradients], out=flat)
            dist.all_reduce(flat)
        # A ring sends each of its `size` segments on 2 (size - 1) times in all.
        self.sent += 2 * (self.size - 1) * flat.nbytes // self.size
        _set_gradients(parameters, flat)

    def add_trees(self, parameters: Sequence[nn.Parameter], parts: dict[Node, list[Tensor] | None], tree: Tree) -> None:
        """Set each gradient to the root of a tree of which each process has some nodes.

        The gradients are cut into a segment for each process. Each process gets its segment of every node, works out
        the root of these, and sends it to all others: the bytes that the ring of `add_gradients` sends, too.
        """
        if self._shares(parameters, sum(len(nodes) for nodes in tree.nodes)):
            self._add_in_memory(parameters, parts, tree)
            return
        size = sum(parameter.numel() for parameter in parameters)
        width = -(-size // self.size)
        like = parameters[0]
        own = like.new_zeros(len(tree.nodes[self.rank]), self.size, width)
        for row, node in zip(own, tree.nodes[self.rank], strict=True):
            gradients = parts[node]
            assert gradients is not None
            torch.cat([gradient.flatten() for gradient in gradients], out=row.view(-1)[:size])
        counts = [len(nodes) for nodes in tree.nodes]
        received = like.new_empty(sum(counts), width)
        whole = like.new_empty(self.size * width)
        with _peers(), torch.no_grad():
            to_send = own.transpose(0, 1).contiguous()  # (size, nodes, width): the segments of a process together
            dist.all_to_all_single(
                received.view(-1),
                to_send.view(-1),
                [count * width for count in counts],
                [len(own) * width] * self.size,
            )
            nodes = [node for owned in tree.nodes for node in owned]
            segments: dict[Node, Tensor | None] = dict(zip(nodes, received, strict=True))
            segments |= dict.fromkeys(tree.empty)
            mine = joined(tree.root, segments, Tensor.add_)
            assert mine is not None
            dist.all_gather(list(whole.view(self.size, width)), mine)
        self.sent += (self.size - 1) * (len(own) + 1) * width * whole.element_size()
        _set_gradients(parameters, whole)

    def _shares(self, parameters: Sequence[nn.Parameter], nodes: int) -> bool:
        """Return whether gradients are added up in memory that the processes share; there must be room for `nodes`."""
        if not self._may_share or parameters[0].device.type != "cpu":
            return False
        width, dtype = sum(parameter.numel() for parameter in parameters), parameters[0].dtype
        shape = nodes + 1, width
        if self._shared is None or not self._shared.holds(*shape, dtype):
            self._shared = None
            size = shape[0] * width * dtype.itemsize
            with reserved_file(size) if self.rank == 0 else nullcontext() as path:
                path = self.share(path)[0]
                self._shared = None if path is None else SharedRows(*shape, dtype, path)
                self.share(None)  # the file must not go before all processes have mapped it
            self._may_share = self._shared is not None
        return self._may_share

    @torch.no_grad()
    def _add_in_memory(
        self, parameters: Sequence[nn.Parameter], parts: dict[Node, list[Tensor] | None], tree: Tree
    ) -> None:
        """Do what `add_trees` does, in shared memory: a row for each node, and the last one for the root.

        Each process works out its segment of the root. Rows are read between the first meeting and the second one, and
        the root after the second one of a step and before the first one of the next.
        """
        assert self._shared is not None
        *rows, root = self._shared.rows
        nodes = [node for owned in tree.nodes for node in owned]
        for node, row in zip(nodes, rows, strict=False):
            if (gradients := parts.get(node)) is not None:
                torch.cat([gradient.flatten() for gradient in gradients], out=row)
        own = slice(self.rank * len(root) // self.size, (self.rank + 1) * len(root) // self.size)
        self._meet()
        segments: dict[Node, Tensor | None] = {node: row[own] for node, row in zip(nodes, rows, strict=False)}
        segments |= dict.fromkeys(tree.empty)
        total = joined(tree.root, segments, torch.add)
        assert total is not None
        root[own] = total
        self._meet()
        self.sent += (self.size - 1) * (len(tree.nodes[self.rank]) + 1) * root[own].nbytes
        _set_gradients(parameters, root.clone())  # each process clips its own

    def _meet(self) -> None:
        """Wait until all processes have come here."""
        self.add_numbers(torch.zeros(1))


@torch.no_grad()
def add_lists(left: list[Tensor], right: list[Tensor]) -> list[Tensor]:
    """Add the tensors of `right` to those of `left`, and return these."""
    torch._foreach_add_(left, right)
    return left


def _set_gradients(parameters: Sequence[nn.Parameter], flat: Tensor) -> None:
    start = 0
    for parameter in parameters:
        parameter.grad = flat[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()


@contextmanager
def _peers() -> Iterator[None]:
    """Raise PeerLost where an exchange fails, which is because another process has ended."""
    try:
        yield
    except RuntimeError as error:  # torch.distributed has no narrower class for gloo's errors
        first = next(iter(str(error).splitlines()), "")
        raise PeerLost(f"another process of this training does not answer any more ({first[:200]})") from error
