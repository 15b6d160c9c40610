"""A sum over numbered terms whose result depends on neither the order in which they come nor who adds them.

Adding floats is commutative but not associative, so the shape of a tree fixes the sum: its leaves are the terms, and
each node is the sum of its two children. Whoever has all leaves below a node can work out the node, and whoever has
the nodes that cover the tree can work out the root, with the same bits.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")


class Node(NamedTuple):
    """The node above the leaves `first` to `end` - 1."""

    first: int
    end: int

    @property
    def children(self) -> tuple["Node", "Node"]:
        """Both children. The left one has as many leaves as the largest power of two below the node's."""
        middle = self.first + (1 << (self.end - self.first - 1).bit_length() - 1)
        return Node(self.first, middle), Node(middle, self.end)


def covering(root: Node, first: int, end: int) -> Iterator[Node]:
    """Yield the largest nodes whose leaves all lie in `first` to `end` - 1, from left to right."""
    if first <= root.first and root.end <= end:
        yield root
    elif first < root.end and root.first < end:
        for child in root.children:
            yield from covering(child, first, end)


def tree_sum(node: Node, value: Callable[[int], Value | None], add: Callable[[Value, Value], Value]) -> Value | None:
    """Return the sum of the leaves below a node; `value` returns that of a leaf, or None for one that is empty.

    At most one value for each level of the tree exists at a time. `add` may change its first argument, and return it.
    """
    if node.end - node.first == 1:
        return value(node.first)
    left, right = (tree_sum(child, value, add) for child in node.children)
    return _added(left, right, add)


def joined(root: Node, parts: Mapping[Node, Value | None], add: Callable[[Value, Value], Value]) -> Value | None:
    """Return the sum at the root, from the sums at nodes that cover the tree."""
    if root in parts:
        return parts[root]
    left, right = (joined(child, parts, add) for child in root.children)
    return _added(left, right, add)


def _added(left: Value | None, right: Value | None, add: Callable[[Value, Value], Value]) -> Value | None:
    if left is None or right is None:
        return right if left is None else left
    return add(left, right)
