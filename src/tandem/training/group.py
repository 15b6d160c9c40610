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
from tandem.training.gradient_rows import row_width, views_of
from tandem.training.shared_memory import SharedRows, reserved_file
from tandem.training.trees import Node, covering, joined

Value = TypeVar("Value")

_PATIENCE = timedelta(hours=2)
"""How long a process waits for the others; one that has died is noticed at once where its machine is alive."""
_CHUNK = 2**16  # the numbers of a row that are added up together: few enough that their sums stay in the cache


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

    def rows(self, parameters: Sequence[nn.Parameter], tree: "Tree") -> list[Tensor]:
        """Return a row, as wide as all weights, for each node of this process. The caller writes the node into it."""

    def add_rows(self, parameters: Sequence[nn.Parameter], tree: "Tree") -> None:
        """Set each gradient to the sum of the rows of all processes, which have one each, added in any order."""

    def add_trees(self, parameters: Sequence[nn.Parameter], tree: "Tree") -> None:
        """Set each gradient to the root of the tree whose nodes the processes have written into their rows."""


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

    def root_of(self, rows: Sequence[Tensor] | Tensor, add: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Return the root, from a row for each node: those of rank 0 first. There may be more rows than nodes."""
        parts: dict[Node, Tensor | None] = dict.fromkeys(self.empty)
        parts |= dict(zip((node for own in self.nodes for node in own), rows, strict=False))
        root = joined(self.root, parts, add)
        assert root is not None
        return root


class Alone:
    """A training in a single process."""

    rank = 0
    size = 1
    processes_here = 1
    sent = 0

    def __init__(self) -> None:
        """Set up the group."""
        self._rows = torch.empty(0, 0)

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

    def rows(self, parameters: Sequence[nn.Parameter], tree: Tree) -> list[Tensor]:
        """Return a row for the root."""
        self._rows = _rows_like(self._rows, parameters[0], len(tree.nodes[0]), row_width(parameters))
        return list(self._rows)

    def add_rows(self, parameters: Sequence[nn.Parameter], tree: Tree) -> None:  # noqa: ARG002
        """Set each gradient to that of the row."""
        _set_gradients(parameters, self._rows[0])

    def add_trees(self, parameters: Sequence[nn.Parameter], tree: Tree) -> None:
        """Set each gradient to the root, whose row is written."""
        self.add_rows(parameters, tree)


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
        self._rows = self._total = torch.empty(0, 0)
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

    def rows(self, parameters: Sequence[nn.Parameter], tree: Tree) -> list[Tensor]:
        """Return a row for each node of this process, in memory that the processes share where they can."""
        width, own = row_width(parameters), len(tree.nodes[self.rank])
        if self._shares(parameters[0], sum(len(nodes) for nodes in tree.nodes), width):
            assert self._shared is not None
            first = sum(len(nodes) for nodes in tree.nodes[: self.rank])
            return list(self._shared.rows[first : first + own])
        # In `add_trees` each process gets a segment of every row, all of them as wide.
        self._rows = _rows_like(self._rows, parameters[0], own, self.size * -(-width // self.size))
        self._rows[:, width:] = 0
        return list(self._rows[:, :width])

    def add_rows(self, parameters: Sequence[nn.Parameter], tree: Tree) -> None:
        """Set each gradient to the sum of the rows of all processes, in one exchange."""
        if self._shared is not None:
            self._add_in_memory(parameters, tree)
            return
        row = self._rows[0]
        with torch.no_grad(), _peers():
            dist.all_reduce(row)
        # A ring sends each of its `size` segments on 2 (size - 1) times in all.
        self.sent += 2 * (self.size - 1) * row.nbytes // self.size
        _set_gradients(parameters, row)

    def add_trees(self, parameters: Sequence[nn.Parameter], tree: Tree) -> None:
        """Set each gradient to the root of a tree of which each process has some nodes.

        The rows are cut into a segment for each process. Each process gets its segment of every node, works out the
        root of these, and sends it to all others: the bytes that the ring of `add_rows` sends, too.
        """
        if self._shared is not None:
            self._add_in_memory(parameters, tree)
            return
        own = self._rows.view(len(self._rows), self.size, -1)
        counts, width = [len(nodes) for nodes in tree.nodes], own.shape[2]
        received = own.new_empty(sum(counts), width)
        self._total = _rows_like(self._total, own, self.size, width)
        with _peers(), torch.no_grad():
            to_send = own.transpose(0, 1).contiguous()  # (size, nodes, width): the segments of a process together
            dist.all_to_all_single(
                received.view(-1),
                to_send.view(-1),
                [count * width for count in counts],
                [len(own) * width] * self.size,
            )
            mine = tree.root_of(received, Tensor.add_)
            dist.all_gather(list(self._total), mine)
        self.sent += (self.size - 1) * (len(own) + 1) * mine.nbytes
        _set_gradients(parameters, self._total.view(-1))

    def _shares(self, like: Tensor, nodes: int, width: int) -> bool:
        """Return whether gradients are added up in memory that the processes share; there must be room for `nodes`."""
        if not self._may_share or like.device.type != "cpu":
            return False
        shape = nodes + 1, width
        if self._shared is None or not self._shared.holds(*shape, like.dtype):
            self._shared = None
            size = shape[0] * width * like.dtype.itemsize
            with reserved_file(size) if self.rank == 0 else nullcontext() as path:
                path = self.share(path)[0]
                self._shared = None if path is None else SharedRows(*shape, like.dtype, path)
                self.share(None)  # the file must not go before all processes have mapped it
            self._may_share = self._shared is not None
        return self._may_share

    @torch.no_grad()
    def _add_in_memory(self, parameters: Sequence[nn.Parameter], tree: Tree) -> None:
        """Do what `add_trees` does, in shared memory: a row for each node, and the last one for the root.

        Each process works out its segment of the root. Rows are read between the first meeting and the second one, and
        the root after the second one of a step and before the first one of the next.
        """
        assert self._shared is not None
        *rows, root = self._shared.rows
        own = slice(self.rank * len(root) // self.size, (self.rank + 1) * len(root) // self.size)
        self._meet()
        for start in range(own.start, own.stop, _CHUNK):
            part = slice(start, min(start + _CHUNK, own.stop))
            root[part] = tree.root_of([row[part] for row in rows], torch.add)
        self._meet()
        self.sent += (self.size - 1) * (len(tree.nodes[self.rank]) + 1) * root[own].nbytes
        self._total = _rows_like(self._total, root, 1, len(root))
        self._total[0] = root
        _set_gradients(parameters, self._total[0])  # each process clips its own

    def _meet(self) -> None:
        """Wait until all processes have come here."""
        self.add_numbers(torch.zeros(1))


def _rows_like(rows: Tensor, like: Tensor, count: int, width: int) -> Tensor:
    """Return a matrix `[count, width]` of the type of `like`: `rows` itself where it is one, which costs nothing."""
    if rows.shape == (count, width) and (rows.dtype, rows.device) == (like.dtype, like.device):
        return rows
    return like.new_empty(count, width)


def _set_gradients(parameters: Sequence[nn.Parameter], row: Tensor) -> None:
    for parameter, gradient in zip(parameters, views_of(row[: row_width(parameters)], parameters), strict=True):
        parameter.grad = gradient


@contextmanager
def _peers() -> Iterator[None]:
    """Raise PeerLost where an exchange fails, which is because another process has ended."""
    try:
        yield
    except RuntimeError as error:  # torch.distributed has no narrower class for gloo's errors
        first = next(iter(str(error).splitlines()), "")
        raise PeerLost(f"another process of this training does not answer any more ({first[:200]})") from error
