"""A batch's sources as a tree of beginnings: nothing is lost, and nothing is read twice."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from tandem.batches import pad_sentences
from tandem.models import CellType
from tandem.models.prefixes import PrefixTree, prefix_tree
from tests.models.test_cells import each_cell_type
from tests.support.models import small_model

sentences = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=7)


def spelt_out(tree: PrefixTree) -> tuple[dict[int, list[int]], list[list[int]]]:
    """Each source by its number, and every beginning."""
    sources: dict[int, list[int]] = {}
    beginnings: list[list[int]] = []
    before: list[list[int]] = [[]]
    tokens = iter(tree.tokens.tolist())
    for level in tree.levels:
        parents = range(level.size) if level.parents is None else level.parents.tolist()
        here = [[*before[parent], next(tokens)] for parent in parents]
        assert len(here) == level.size
        for source, place in (
            [] if level.ending is None else zip(*(part.tolist() for part in level.ending), strict=True)
        ):
            assert source not in sources
            sources[source] = here[place]
        beginnings += here
        before = here
    assert next(tokens, None) is None
    return sources, beginnings


@given(sentences)
def test_a_tree_holds_each_source_and_each_beginning_once(sources: list[list[int]]) -> None:
    found, beginnings = spelt_out(prefix_tree(*pad_sentences(sources)))
    assert [found[number] for number in range(len(sources))] == sources
    expected = {tuple(source[:length]) for source in sources for length in range(1, len(source) + 1)}
    assert len(beginnings) == len(expected)
    assert {tuple(beginning) for beginning in beginnings} == expected


@each_cell_type
@settings(max_examples=30, deadline=None)
@given(sources=sentences)
def test_reading_a_tree_without_a_gradient_equals_reading_each_source_with_one(
    cell_type: CellType, sources: list[list[int]]
) -> None:
    encoder = small_model(cell_type, layers=3).eval().double().encoder
    source, lengths = pad_sentences(sources)
    found = encoder.prepare(torch.float64).read(source, lengths)
    assert not found.hidden.requires_grad
    for ours, theirs in zip(found, encoder(source, lengths), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert_close(ours, theirs.detach())
