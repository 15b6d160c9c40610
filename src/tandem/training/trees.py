"""A sum over numbered terms whose result depends on neither the order in which they come nor who adds them.

Adding floats is commutative but not associative, so the shape of a tree fixes the sum: its leaves are the terms, and
each node is the sum of its two children. Whoever has all leaves below a node can work out the node, and whoever has
the nodes that cover the tree can work out the root, with the same bits.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeVar

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


class Terms(Protocol[Value]):
    """The terms of a sum that is made in place, in values that can be written into."""

    def is_empty(self, node: Node) -> bool:
        """Return whether there is no term below a node."""

    def put(self, leaf: int, target: Value) -> None:
        """Write a term into `target`."""

    def add(self, leaf: int, target: Value) -> None:
        """Add a term to `target`."""

    def join(self, target: Value, other: Value) -> None:
        """Add a sum to `target`."""

    def spare(self, like: Value) -> AbstractContextManager[Value]:
        """A value like another one, that the block may write into."""


def sum_into(target: Value, node: Node, terms: Terms[Value]) -> None:
    """Write the sum of the leaves below a node into `target`; not all of them are empty.

    A right leaf is added to its left sibling at once, and only larger nodes take a spare value.
    """
    if node.end - node.first == 1:
        terms.put(node.first, target)
        return
    left, right = node.children
    if terms.is_empty(left) or terms.is_empty(right):
        sum_into(target, right if terms.is_empty(left) else left, terms)
        return
    sum_into(target, left, terms)
    if right.end - right.first == 1:
        terms.add(right.first, target)
        return
    with terms.spare(target) as other:
        sum_into(other, right, terms)
        terms.join(target, other)


def joined(root: Node, parts: Mapping[Node, Value | None], add: Callable[[Value, Value], Value]) -> Value | None:
    """Return the sum at the root, from the sums at nodes that cover the tree."""
    if root in parts:
        return parts[root]
    left, right = (joined(child, parts, add) for child in root.children)
    if left is None or right is None:
        return right if left is None else left
    return add(left, right)
