"""A large corpus comes in pools: every row once, from all over, in an order that only seed and epoch decide."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.batches import Batch, Batches, pools
from tandem.batches.pools import Pools
from tandem.preparation.encoded import EncodedCorpus, SideWriter, open_side
from tests.support.corpora import random_corpus, side

counts = st.integers(1, 300)
sizes = st.integers(1, 40)
mosts = st.integers(1, 90)
chunks = st.integers(1, 20)


@contextmanager
def small(most: int, chunk: int) -> Iterator[None]:
    """Pools of about `most` rows, of chunks of so many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools, "MOST_ROWS", most)
        patch.setattr(pools, "POOL_ROWS", most)
        patch.setattr(pools, "_CHUNK", chunk)
        yield


def numbered(count: int) -> EncodedCorpus:
    """Pairs of many lengths, each with its own number in its source."""
    chance = np.random.default_rng(count)
    return EncodedCorpus(
        side([[2, 10 + row, *[4] * chance.integers(0, 5), 3] for row in range(count)]),
        side([[2, *[4] * chance.integers(1, 5), 3] for _ in range(count)]),
    )


def rows_of(batch: Batch) -> list[int]:
    return (batch.source[1] - 10).tolist()


@given(counts, sizes, mosts, chunks, st.integers(0, 9), st.integers(0, 5), st.integers(1, 3), st.integers(0, 2))
def test_every_row_comes_once_a_pass(
    count: int, size: int, most: int, chunk: int, seed: int, epoch: int, passes: int, workers: int
) -> None:
    with small(most, chunk):
        batches = Batches(numbered(count), size, seed, passes=passes, workers=workers)
        found = [rows_of(batch) for batch in batches.epoch(epoch)]
        per_pass = len(batches) // passes
    assert len(found) == len(batches) == passes * -(-count // size)
    for number in range(passes):
        one = found[number * per_pass : (number + 1) * per_pass]
        assert sorted(row for rows in one for row in rows) == list(range(count))
        assert sum(len(rows) != size for rows in one) == bool(count % size)


@given(counts, sizes, mosts, chunks, st.integers(0, 5), st.integers(1, 2), st.data())
def test_an_epoch_begins_at_any_batch(
    count: int, size: int, most: int, chunk: int, epoch: int, passes: int, data: st.DataObject
) -> None:
    with small(most, chunk):
        batches = Batches(numbered(count), size, 1, passes=passes, workers=0)
        whole = [rows_of(batch) for batch in batches.epoch(epoch)]
        first = data.draw(st.integers(0, len(whole)))
        assert [rows_of(batch) for batch in batches.epoch(epoch, first)] == whole[first:]


@given(st.integers(1, 10**10), st.integers(1, 5000))
def test_pools_have_whole_batches_and_about_the_same_size(rows: int, size: int) -> None:
    cut = Pools(rows, size)
    assert cut.size % size == 0
    assert cut.size < (pools.MOST_ROWS if len(cut) == 1 else pools.POOL_ROWS) + size
    assert (len(cut) - 1) * cut.size < rows <= len(cut) * cut.size
    assert len(Pools(rows, size, whole=True)) == 1
    assert (len(cut) == 1) == (rows <= pools.MOST_ROWS or rows <= cut.size)


def test_only_what_a_start_needs_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []
    rows_of_pool = Pools.rows_of

    def counting(cut: Pools, pool: int, generator: np.random.Generator) -> pools.Rows:
        planned.append(pool)
        return rows_of_pool(cut, pool, generator)

    monkeypatch.setattr(Pools, "rows_of", counting)
    with small(30, 4):
        batches = Batches(numbered(300), 3, 1)
        assert len(batches._pools) == 10
        next(batches.epoch(2, first=55))  # the sixth batch of the sixth pool
    assert planned[0] == 5
    assert set(planned) <= {5, 6}


def test_a_pool_is_from_all_over_the_corpus_and_differs_from_pass_to_pass() -> None:
    with small(100, 4):
        batches = Batches(numbered(1000), 10, 1)
        orders = [[rows_of(batch) for batch in batches.epoch(epoch)] for epoch in (0, 1)]
        again = [rows_of(batch) for batch in Batches(numbered(1000), 10, 1).epoch(1)]
        other = [rows_of(batch) for batch in Batches(numbered(1000), 10, 2).epoch(1)]
    assert again == orders[1]
    assert other != orders[1] != orders[0]
    pool = sorted(row for rows in orders[0][:10] for row in rows)
    assert pool[0] < 200
    assert pool[-1] >= 800
    assert len(set(map(frozenset, orders[0])) & set(map(frozenset, orders[1]))) < 5


def test_within_a_pool_like_lengths_share_a_batch() -> None:
    with small(100, 4):
        for pool in range(3):
            found = list(Batches(numbered(300), 10, 1).epoch(0, first=10 * pool))[:10]
            spans = sorted((int(b.source_lengths.min()), int(b.source_lengths.max())) for b in found)
            assert all(longest <= shortest for (_, longest), (shortest, _) in pairwise(spans))


def test_the_padding_share_is_that_of_the_first_pool() -> None:
    with small(100, 4):
        batches = Batches(random_corpus(300, longest=9), 10, 1)
        made = list(batches.epoch(0))[:10]
        places = sum(batch.source.numel() + batch.target.numel() for batch in made)
        words = sum(int(batch.source_lengths.sum() + batch.target_lengths.sum()) for batch in made)
        assert batches.padding_share() == pytest.approx(1 - words / places)


def test_the_order_of_pools_is_the_same_for_ever() -> None:
    """The order is written down here, so that a seed means the same order for ever."""
    made = numbered(203)
    with small(64, 4):  # three pools are too few, so that there are four, of 55 rows
        found = [rows_of(batch) for batch in Batches(made, 5, 3).epoch(2)]
    scattered = [row for chunk in np.random.default_rng((3, 2)).permutation(51) for row in range(203)[4 * chunk :][:4]]
    expected = []
    for pool, start in enumerate(range(0, 203, 55)):
        chance = np.random.default_rng((3, 2, pool + 1))
        rows = chance.permutation(scattered[start : start + 55])
        rows = rows[np.lexsort((made.target.lengths[rows], made.source.lengths[rows]))]
        expected += [rows[5 * batch :][:5].tolist() for batch in chance.permutation(-(-len(rows) // 5))]
    assert found == expected


def test_pages_that_were_read_are_given_back_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.preparation.encoded._RELEASED_AFTER", 2)
    made = numbered(200)
    for name, written in (("source", made.source), ("target", made.target)):
        writer = SideWriter(tmp_path / name)
        writer.add(written.ids, written.lengths)
        writer.close()
    mapped = EncodedCorpus(open_side(tmp_path / "source"), open_side(tmp_path / "target"))
    with small(50, 4):
        expected = [rows_of(batch) for batch in Batches(made, 5, 1).epoch(1)]
        assert [rows_of(batch) for batch in Batches(mapped, 5, 1).epoch(1)] == expected
