"""What must hold of an encoder that reads features beside the source, whatever the cell and the directions."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tandem.batches import pad_sentences
from tandem.models import CellType, FeaturesEncoder
from tests.support.models import CELL_TYPES

SOURCE, FEATURES = 9, 7
few = settings(max_examples=8)
each_encoder = pytest.mark.parametrize(
    ("cell_type", "bidirectional"), [*((cell, True) for cell in CELL_TYPES), ("lstm", False)]
)


@cache
def encoder_of(cell_type: CellType, bidirectional: bool) -> FeaturesEncoder:
    torch.manual_seed(3)
    shape = {"cell_type": cell_type, "bidirectional": bidirectional}
    made = FeaturesEncoder(SOURCE, 5, 6, 2, 0.3, features_dim=FEATURES, init_range=0.6, **shape)  # type: ignore[arg-type]
    return made.eval()


def close(ours: Tensor | None, expected: Tensor | None) -> None:
    if ours is not None and expected is not None:
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


IDS = st.lists(st.integers(0, SOURCE + FEATURES - 1), max_size=6).map(lambda ids: [2, *ids, 3])


@each_encoder
@few
@given(st.lists(IDS, min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 99))
@torch.no_grad()
def test_a_source_is_worth_the_same_in_any_company(
    cell_type: CellType, bidirectional: bool, sources: list[list[int]], more: int, seed: int
) -> None:
    """Neither the padding and how much there is of it matters, nor how many the others are, nor their order."""
    encoder = encoder_of(cell_type, bidirectional)
    chance = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(sources), generator=chance).tolist()
    src, lengths = pad_sentences([sources[row] for row in order])
    anything = torch.randint(0, SOURCE + FEATURES, (len(src) + more, len(sources)), generator=chance)
    anything[: len(src)] = torch.where(torch.arange(len(src))[:, None] < lengths, src, anything[: len(src)])
    together = encoder.read(anything, lengths)
    for column, row in enumerate(order):
        alone = encoder.read(torch.tensor(sources[row])[:, None])
        close(together.outputs[: len(sources[row]), column], alone.outputs[:, 0])
        for ours, expected in zip(together.final, alone.final, strict=True):
            close(None if ours is None else ours[:, [column]], expected)


@each_encoder
@few
@given(IDS)
@torch.no_grad()
def test_each_part_is_read_by_its_own_encoder_alone(cell_type: CellType, bidirectional: bool, ids: list[int]) -> None:
    encoder = encoder_of(cell_type, bidirectional)
    both = encoder.read(torch.tensor(ids)[:, None])
    places = [[n for n, index in enumerate(ids) if (index >= SOURCE) == wanted] for wanted in (False, True)]
    plain = [ids[place] for place in places[0]]
    features = [2, *(ids[place] - SOURCE for place in places[1])]
    own = super(FeaturesEncoder, encoder).read(torch.tensor(plain)[:, None])
    beside = encoder.features.read(torch.tensor(features)[:, None])
    close(both.outputs[places[0]], own.outputs)
    close(both.outputs[places[1]], beside.outputs[1:])
    directions = 2 if bidirectional else 1
    by_layer = both.final.hidden.view(2, 2, directions, 1, -1)  # layer, part, direction
    close(by_layer[:, 0].flatten(0, 1), own.final.hidden)
    close(by_layer[:, 1].flatten(0, 1), beside.final.hidden)


@torch.no_grad()
def test_it_does_not_matter_where_features_stand_among_the_tokens() -> None:
    encoder = encoder_of("lstm", True)
    orders = [[2, 4, 5, 3, 11, 12], [11, 2, 12, 4, 5, 3], [2, 4, 11, 12, 5, 3]]
    first, *others = (encoder.read(torch.tensor(ids)[:, None]).final.hidden for ids in orders)
    for other in others:
        close(other, first)
    swapped = encoder.read(torch.tensor([2, 4, 5, 3, 12, 11])[:, None]).final.hidden
    assert (swapped - first).abs().max() > 1e-2


@torch.no_grad()
def test_a_change_of_the_features_moves_their_part_of_the_state_alone() -> None:
    encoder = encoder_of("gru", False)
    one, other = (encoder(torch.tensor(ids)[:, None]).hidden for ids in ([2, 4, 11, 3], [2, 4, 12, 3]))
    assert torch.equal(one[[0, 2]], other[[0, 2]])
    assert (one[[1, 3]] - other[[1, 3]]).abs().min(dim=2).values.max() > 1e-3


def test_gradients_reach_both_encoders_through_states_and_outputs() -> None:
    encoder = encoder_of("lstm", True)
    for wanted in ("final", "outputs"):
        encoder.zero_grad()
        read = encoder.read(torch.tensor([[2, 2], [4, 5], [11, 3], [3, 1]]), torch.tensor([4, 3]))
        (read.final.hidden if wanted == "final" else read.outputs).sum().backward()  # type: ignore[no-untyped-call]
        for weight in (encoder.embedding.weight, encoder.features.embedding.weight):
            assert weight.grad is not None
            assert weight.grad.abs().sum() > 0
