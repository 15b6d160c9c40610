"""Batches: every pair once an epoch, like lengths together, the order a function of (seed, epoch) alone."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tandem.batches import Batch, Batches, pad_sentences
from tandem.batches import batching as data_batches
from tandem.errors import CorpusError
from tandem.preparation.encoded import EncodedCorpus
from tandem.text import PAD_ID
from tests.support.corpora import corpus, random_corpus
from tests.support.limits import needs_limits, no_file_beyond

PAIRS = random_corpus(53, longest=9)

sizes = st.integers(1, 60)
counts = st.integers(1, 40)


def columns(ids: Tensor, lengths: Tensor) -> list[tuple[int, ...]]:
    """A batch's sentences; what is below each must be padding."""
    for column, length in enumerate(lengths.tolist()):
        assert (ids[length:, column] == PAD_ID).all()
    return [tuple(ids[:length, column].tolist()) for column, length in enumerate(lengths.tolist())]


def pairs_of(batch: Batch) -> list[tuple[tuple[int, ...], ...]]:
    sources = columns(batch.source, batch.source_lengths)
    return list(zip(sources, columns(batch.target, batch.target_lengths), strict=True))


def all_pairs(batches: Batches, epoch: int) -> list[tuple[tuple[int, ...], ...]]:
    return [pair for batch in batches.epoch(epoch) for pair in pairs_of(batch)]


def pairs_in(encoded: EncodedCorpus) -> list[tuple[tuple[int, ...], ...]]:
    def at(row: int) -> tuple[tuple[int, ...], ...]:
        sides = (encoded.source, encoded.target)
        return tuple(tuple(side.ids[side.offsets[row] : side.offsets[row + 1]].tolist()) for side in sides)

    return [at(row) for row in range(len(encoded))]


@given(counts, sizes, st.integers(0, 99), st.integers(0, 9), st.booleans())
def test_every_pair_comes_exactly_once_an_epoch(count: int, size: int, seed: int, epoch: int, shuffle: bool) -> None:
    encoded = random_corpus(count, seed=seed)
    batches = Batches(encoded, size, seed, shuffle=shuffle)
    assert Counter(all_pairs(batches, epoch)) == Counter(pairs_in(encoded))


@given(counts, sizes)
def test_batches_are_full_but_for_one(count: int, size: int) -> None:
    batches = Batches(random_corpus(count), size, 1)
    found = sorted(len(batch.target_lengths) for batch in batches.epoch(1))
    rest = count % size
    assert found == [rest] * bool(rest) + [size] * (count // size)
    assert len(batches) == len(found)


@given(sizes, st.integers(0, 60))
def test_an_epoch_goes_on_with_any_batch(size: int, first: int) -> None:
    batches = Batches(PAIRS, size, 1)
    whole = [pairs_of(batch) for batch in batches.epoch(3)]
    assert [pairs_of(batch) for batch in batches.epoch(3, first=first)] == whole[first:]


@given(sizes, st.integers(0, 9))
def test_tensors_are_as_long_as_their_longest_sentence(size: int, epoch: int) -> None:
    for batch in Batches(PAIRS, size, 1).epoch(epoch):
        assert batch.source.shape == (batch.source_lengths.max(), len(batch.source_lengths))
        assert batch.target.shape == (batch.target_lengths.max(), len(batch.target_lengths))
        assert {part.dtype for part in batch if part is not None} == {torch.int64}
        assert batch.target_tokens == sum(len(target) - 1 for _, target in pairs_of(batch))


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[tuple[tuple[int, ...], ...]]:
        return all_pairs(Batches(PAIRS, 4, seed), epoch)

    batches = Batches(PAIRS, 4, 1)
    third = all_pairs(batches, 3)
    list(batches.epoch(1))
    torch.manual_seed(99)
    assert all_pairs(batches, 3) == third == order(1, 3)  # whatever went before
    orders = [order(seed, epoch) for seed in (1, 2) for epoch in (1, 2, 3)]
    assert all(one != other for i, one in enumerate(orders) for other in orders[:i])


def test_company_differs_from_epoch_to_epoch_too() -> None:
    """Not the batches' order alone: which of the sentences of one length share a batch."""
    batches = Batches(random_corpus(60, longest=2), 4, 1)
    first, second = ({frozenset(pairs_of(batch)) for batch in batches.epoch(epoch)} for epoch in (1, 2))
    assert len(first & second) < len(first) / 2


@given(st.integers(1, 12), st.integers(0, 9))
def test_sentences_of_like_length_share_a_batch(size: int, epoch: int) -> None:
    """In the order of their source lengths batches follow each other without overlap."""
    spans = sorted(
        (int(b.source_lengths.min()), int(b.source_lengths.max())) for b in Batches(PAIRS, size, 1).epoch(epoch)
    )
    assert all(longest <= shortest for (_, longest), (shortest, _) in pairwise(spans))


def test_unshuffled_batches_go_from_short_to_long_in_every_epoch() -> None:
    batches = Batches(PAIRS, 4, 1, shuffle=False)
    order = all_pairs(batches, 1)
    assert order == sorted(pairs_in(PAIRS), key=lambda pair: (len(pair[0]), len(pair[1])))
    assert order == all_pairs(batches, 2) == all_pairs(Batches(PAIRS, 4, 7, shuffle=False), 1)


@given(counts, st.integers(1, 12), st.booleans())
def test_the_padding_share_is_that_of_the_batches(count: int, size: int, shuffle: bool) -> None:
    batches = Batches(random_corpus(count, longest=9), size, 1, shuffle=shuffle)
    for epoch in (1, 2):
        made = list(batches.epoch(epoch))
        places = sum(batch.source.numel() + batch.target.numel() for batch in made)
        words = sum(int(batch.source_lengths.sum() + batch.target_lengths.sum()) for batch in made)
        assert batches.padding_share() == pytest.approx(1 - words / places)
    assert Batches(corpus([([4], [5])] * 6), 3, 1).padding_share() == 0.0


@given(counts, st.integers(1, 9), st.integers(0, 5))
def test_an_epoch_may_begin_at_any_batch(count: int, size: int, workers: int) -> None:
    encoded = random_corpus(count)
    whole = [pairs_of(batch) for batch in Batches(encoded, size, 1).epoch(2)]
    for first in range(len(whole) + 1):
        rest = Batches(encoded, size, 1, workers=workers).epoch(2, first)
        assert [pairs_of(batch) for batch in rest] == whole[first:]


def test_a_large_corpus_is_put_in_the_same_order_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is written down here, so that a seed means the same order for ever, whatever the corpus's size."""
    encoded = random_corpus(1000, longest=9)
    chance = np.random.default_rng((3, 2))
    rows = chance.permutation(1000)
    rows = rows[np.lexsort((encoded.target.lengths[rows], encoded.source.lengths[rows]))]
    order = chance.permutation(143)
    for block in (1, 7, 64, 999, 1000, 5000):
        monkeypatch.setattr(data_batches, "_BLOCK", block)
        batches = Batches(encoded, 7, 3)
        _, found_rows, found_order, _ = batches._plan(2)
        assert found_rows.tolist() == rows.tolist()
        assert found_order.tolist() == order.tolist()
        assert isinstance(found_rows.base, np.memmap) == (block < 1000)
        assert batches.padding_share() == pytest.approx(Batches(encoded, 7, 9).padding_share())


def test_moving_a_batch_leaves_its_lengths_with_the_host() -> None:
    batch = next(Batches(PAIRS, 4, 1).epoch(1))
    moved = batch.to(torch.device("meta"))
    assert moved.source.device.type == moved.target.device.type == "meta"
    assert moved.source_lengths is batch.source_lengths
    assert moved.target_lengths is batch.target_lengths


@given(st.lists(st.lists(st.integers(2, 99), min_size=1, max_size=7), min_size=1, max_size=9))
def test_padded_sentences_are_columns(sentences: list[list[int]]) -> None:
    ids, lengths = pad_sentences(sentences)
    assert ids.dtype == lengths.dtype == torch.int64
    assert ids.shape == (max(map(len, sentences)), len(sentences))
    assert columns(ids, lengths) == [tuple(sentence) for sentence in sentences]


@given(counts, sizes, st.integers(1, 4), st.integers(1, 5), st.data())
def test_passes_go_through_the_corpus_again_and_can_begin_anywhere(
    count: int, size: int, passes: int, epoch: int, data: st.DataObject
) -> None:
    encoded = random_corpus(count)
    batches = Batches(encoded, size, 1, passes=passes)
    found = [pairs_of(batch) for batch in batches.epoch(epoch)]
    assert len(found) == len(batches)
    assert Counter(pair for batch in found for pair in batch) == Counter(pairs_in(encoded) * passes)
    first = data.draw(st.integers(0, len(found)))
    assert [pairs_of(batch) for batch in batches.epoch(epoch, first)] == found[first:]


def test_passes_differ_in_their_order() -> None:
    batches = Batches(PAIRS, 5, 1, passes=2)
    found = [pairs_of(batch) for batch in batches.epoch(1)]
    assert found[: len(found) // 2] != found[len(found) // 2 :]


@needs_limits
def test_an_order_for_which_there_is_no_room_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_batches, "_BLOCK", 10)
    batches = Batches(random_corpus(53), 7, 1)
    said = r"the order of 53 pairs, which takes 424 bytes, cannot be kept there: .*Make room there, or set TMPDIR"
    with no_file_beyond(400), pytest.raises(CorpusError, match=said):
        next(batches.epoch(1))


def test_room_is_reserved_in_pieces_where_the_system_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [all_pairs(Batches(random_corpus(53), 7, 1), epoch) for epoch in range(2)]
    monkeypatch.setattr(data_batches, "_BLOCK", 10)
    monkeypatch.setattr(data_batches, "_PIECE", 100)
    monkeypatch.setattr("sys.platform", "elsewhere")
    assert [all_pairs(Batches(random_corpus(53), 7, 1), epoch) for epoch in range(2)] == expected
