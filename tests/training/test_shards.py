"""How batches are cut into shards, and that neither the cut nor the order of adding changes a sum of floats."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as some

from tandem.batches import Batches
from tandem.models.masks import ColumnDraws, draw_mask, drawing
from tandem.text import PAD_ID
from tandem.training.shards import Shards, make_piece
from tandem.training.trees import Node, covering, joined, sum_into
from tests.support.corpora import random_corpus

floats = some.lists(some.none() | some.floats(-1e30, 1e30), min_size=1, max_size=40)


class Cell:
    """A place for a number or a text."""

    value: Any = "unwritten"


@dataclass(frozen=True)
class Values:
    """Given values as the terms of a sum."""

    values: Sequence[Any]

    def is_empty(self, node: Node) -> bool:
        return all(value is None for value in self.values[node.first : node.end])

    def put(self, leaf: int, target: Cell) -> None:
        target.value = self.values[leaf]

    def add(self, leaf: int, target: Cell) -> None:
        target.value = add(target.value, self.values[leaf])

    def join(self, target: Cell, other: Cell) -> None:
        target.value = add(target.value, other.value)

    @contextmanager
    def spare(self, like: Cell) -> Iterator[Cell]:
        assert like.value != "unwritten"
        yield Cell()

    def sum_of(self, node: Node) -> Any:
        cell = Cell()
        sum_into(cell, node, self)
        return cell.value


def add(one: Any, other: Any) -> Any:
    return f"({one}+{other})" if isinstance(one, str) else one + other


@given(floats, some.integers(1, 12))
def test_whoever_adds_the_sum_is_the_same(values: list[float | None], processes: int) -> None:
    root, terms = Node(0, len(values)), Values(values)
    assume(not terms.is_empty(root))
    parts: dict[Node, float | None] = {}
    for rank in range(processes):
        own = Shards(len(values)).of_process(rank, processes)
        for node in covering(root, own.start, own.stop):
            assert node not in parts
            parts[node] = None if terms.is_empty(node) else terms.sum_of(node)
    assert sum(node.end - node.first for node in parts) == len(values)
    assert joined(root, parts, add) == terms.sum_of(root)


def test_the_tree_over_eight_shards() -> None:
    assert Values("01234567").sum_of(Node(0, 8)) == "(((0+1)+(2+3))+((4+5)+(6+7)))"


@given(some.integers(1, 40), some.integers(0, 90))
def test_each_column_is_in_one_shard(count: int, batch_size: int) -> None:
    shards = Shards(count)
    columns = [column for shard in range(count) for column in shards.columns(batch_size, shard)]
    assert sorted(columns) == list(range(batch_size))
    sizes = [len(shards.columns(batch_size, shard)) for shard in range(count)]
    assert max(sizes) - min(sizes) <= 1


@given(some.integers(1, 40), some.integers(1, 40))
def test_each_shard_belongs_to_one_process(count: int, processes: int) -> None:
    shards = Shards(count)
    assert [n for rank in range(processes) for n in shards.of_process(rank, processes)] == list(range(count))


def test_processes_have_about_the_same_lengths() -> None:
    """A batch is sorted by length; the first half of its columns has far less than half of its tokens."""
    lengths, shards = np.arange(64), Shards(8)
    for processes in (2, 4):
        tokens = [
            sum(lengths[c] for shard in shards.of_process(rank, processes) for c in shards.columns(64, shard))
            for rank in range(processes)
        ]
        assert max(tokens) == min(tokens)


def test_a_piece_is_its_columns_without_useless_padding() -> None:
    (batch, *_) = Batches(random_corpus(20), 20, 1, shuffle=False).epoch(0)
    coins = torch.rand(len(batch.target) - 1, 20) < 0.5
    piece = make_piece(batch, coins, [(0, range(0, 2)), (5, range(3, 3)), (3, range(7, 9))], seed=(1,), readings=1)
    assert piece is not None
    chosen = [0, 1, 7, 8]
    assert piece.batch.source_lengths.tolist() == batch.source_lengths[chosen].tolist()
    steps = len(piece.batch.target)
    assert steps == batch.target_lengths[chosen].max()
    assert torch.equal(piece.batch.target, batch.target[:steps, chosen])
    assert (batch.target[steps:, chosen] == PAD_ID).all()
    assert torch.equal(piece.coins, coins[: steps - 1, chosen])
    assert make_piece(batch, coins, [(1, range(4, 4))], seed=(1,), readings=1) is None


@pytest.mark.parametrize("readings", [1, 2])
def test_a_shards_mask_depends_on_nothing_beside_it(readings: int) -> None:
    seeds, like = [(5, 0), (5, 1)], torch.zeros(1)
    with drawing(ColumnDraws([(seeds[0], 3), (seeds[1], 2)], readings)):
        both = [draw_mask((7, 5 * readings, width), 0.5, like) for width in (9, 4)]
    with drawing(ColumnDraws([(seeds[1], 2)], readings)):
        alone = [draw_mask((4, 2 * readings, width), 0.5, like) for width in (9, 4)]
    for wide, narrow in zip(both, alone, strict=True):
        own = torch.cat([half[:, 3:] for half in wide.chunk(readings, dim=1)], dim=1)
        assert torch.equal(own[:4], narrow)
        assert set(narrow.flatten().tolist()) == {0.0, 2.0}
    assert not torch.equal(both[0][:, :4, :4], both[1][:, :4])


def test_masks_of_other_seeds_are_others() -> None:
    masks = []
    for seed in range(20):
        with drawing(ColumnDraws([((7, seed), 8)])):
            masks.append(draw_mask((50, 8, 100), 0.3, torch.zeros(1)))
    kept = torch.stack(masks).bool().float()
    assert float(kept.mean()) == pytest.approx(0.7, abs=0.002)
    agreeing = float((kept[0] == kept[1]).float().mean())
    assert agreeing == pytest.approx(0.7**2 + 0.3**2, abs=0.02)
