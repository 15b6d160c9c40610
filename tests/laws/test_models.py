"""What must hold of every encoder and decoder, whatever the cell."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import log_softmax

from tandem.batches import pad_sentences
from tandem.models import CellType, RecurrentState, Seq2Seq
from tandem.models.cells import find_cell
from tests.support.models import CELL_TYPES, random_ids, small_model

SOURCE, TARGET = 13, 12
model_of = cache(small_model)  # hypothesis asks for the same ones again and again

each_cell_type = pytest.mark.parametrize("cell_type", CELL_TYPES)
few = settings(max_examples=40)
each_output = pytest.mark.parametrize("tie_output", [False, True])


def close(ours: Tensor | None, expected: Tensor | None) -> None:
    assert (ours is None) == (expected is None)
    if ours is not None:
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


def evaluated(cell_type: CellType, *, tie_output: bool = False) -> Seq2Seq:
    return model_of(cell_type, tie_output=tie_output).eval()


@st.composite
def sentences(draw: st.DrawFn, vocabulary: int, count: int) -> list[list[int]]:
    word = st.integers(min_value=0, max_value=vocabulary - 1)
    return draw(st.lists(st.lists(word, min_size=1, max_size=7), min_size=count, max_size=count))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    """Sources of 1 token or more, targets of 2 or more: what is first read, and what is first predicted."""
    count = draw(st.integers(min_value=1, max_value=5))
    return draw(sentences(SOURCE, count)), [[2, *words] for words in draw(sentences(TARGET, count))]


def log_probabilities(model: Seq2Seq, src: Tensor, trg: Tensor, src_len: Tensor | None) -> Tensor:
    """`[T - 1, B, V]`, every token forced."""
    with torch.no_grad():
        return log_softmax(model(src, trg, 1.0, src_len=src_len)[1:], dim=2)


def pad_more(ids: Tensor, rows: int, seed: int) -> Tensor:
    """The same columns with `rows` rows of anything below them."""
    below = torch.randint(0, TARGET, (rows, ids.shape[1]), generator=torch.Generator().manual_seed(seed))
    return torch.cat([ids, below])


def scrambled(ids: Tensor, lengths: Tensor, seed: int) -> Tensor:
    """The same sentences with anything in place of their padding."""
    anything = torch.randint(0, TARGET, ids.shape, generator=torch.Generator().manual_seed(seed))
    return torch.where(torch.arange(len(ids)).unsqueeze(1) < lengths, ids, anything)


@each_cell_type
@few
@given(pairs(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 99))
def test_with_lengths_a_sentence_is_worth_the_same_in_any_company(
    cell_type: CellType, both: tuple[list[list[int]], list[list[int]]], more_source: int, more_target: int, seed: int
) -> None:
    """Neither what the padding is nor how much there is of it matters, nor how many the others are, nor their order."""
    model = evaluated(cell_type)
    sources, targets = both
    order = torch.randperm(len(sources), generator=torch.Generator().manual_seed(seed)).tolist()
    src, src_len = pad_sentences([sources[row] for row in order])
    trg, trg_len = pad_sentences([targets[row] for row in order])
    src = pad_more(scrambled(src, src_len, seed), more_source, seed)
    trg = pad_more(scrambled(trg, trg_len, seed), more_target, seed)
    together = log_probabilities(model, src, trg, src_len)
    with torch.no_grad():
        context = model.encoder(src, src_len)
    for column, row in enumerate(order):
        alone_src, alone_trg = torch.tensor(sources[row]).unsqueeze(1), torch.tensor(targets[row]).unsqueeze(1)
        alone = log_probabilities(model, alone_src, alone_trg, None)
        close(together[: len(targets[row]) - 1, [column]], alone)
        for ours, expected in zip(context.select(torch.tensor([column])), model.encoder(alone_src), strict=True):
            close(ours, expected)


@each_cell_type
def test_without_lengths_the_encoder_reads_the_padding(cell_type: CellType) -> None:
    model = evaluated(cell_type)
    src = random_ids(5, 3, SOURCE)
    padded = torch.cat([src, torch.ones(2, 3, dtype=torch.int64)])
    lengths = torch.full((3,), 5)
    close(model.encoder(padded, lengths).hidden, model.encoder(src).hidden)
    assert (model.encoder(padded).hidden - model.encoder(src).hidden).abs().max() > 1e-2


@each_cell_type
@each_output
@few
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_step_by_step_equals_all_at_once(
    cell_type: CellType, tie_output: bool, steps: int, batch: int, seed: int
) -> None:
    model = evaluated(cell_type, tie_output=tie_output)
    with torch.no_grad():
        start = model.encoder(random_ids(4, batch, SOURCE, seed=seed))
        inputs = random_ids(steps, batch, TARGET, seed=seed)
        whole = model.decoder.features(inputs, start, None)
        logits = model.decoder.fc_out(whole)
        prepared = model.decoder.prepare(torch.float32, many_steps=True)
        quick, slow = prepared.start(start), start
        for t in range(steps):
            features, quick = prepared.step(inputs[t], quick)
            close(features, whole[t])
            close(prepared.logits(features), logits[t])
            prediction, *state = model.decoder(inputs[t], *slow)
            slow = RecurrentState(*state)
            close(prediction, logits[t])
            for ours, expected in zip(RecurrentState.stack(quick.layers), slow, strict=True):
                close(ours, expected)


@each_cell_type
@few
@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.integers(0, 99))
def test_select_commutes_with_step(cell_type: CellType, rows: list[int], seed: int) -> None:
    """Rows may be repeated, reordered and dropped before a step or after it."""
    model = evaluated(cell_type)
    chosen = torch.tensor(rows)
    tokens = torch.randint(0, TARGET, (4,), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        prepared = model.decoder.prepare(torch.float32, many_steps=True)
        state = prepared.start(model.encoder(random_ids(5, 4, SOURCE, seed=seed)))
        features, after = prepared.step(tokens, state)
        selected_first, after_first = prepared.step(tokens[chosen], state.select(chosen))
    close(selected_first, features[chosen])
    for ours, expected in zip(after_first.layers, after.select(chosen).layers, strict=True):
        for one, other in zip(ours, expected, strict=True):
            close(one, other)


@each_cell_type
def test_select_picks_rows_and_leaves_the_state_as_it_was(cell_type: CellType) -> None:
    state = model_of(cell_type).encoder(random_ids(5, 4, SOURCE))
    parts = [part for part in state if part is not None]
    before = [part.clone() for part in parts]
    picked = [part for part in state.select(torch.tensor([3, 0, 0])) if part is not None]
    assert len(parts) == len(picked) == (2 if find_cell(cell_type).has_cell_state else 1)
    for whole, ours, old in zip(parts, picked, before, strict=True):
        assert torch.equal(ours, torch.stack([whole[:, 3], whole[:, 0], whole[:, 0]], dim=1))
        assert torch.equal(whole, old)


@each_cell_type
@few
@given(st.integers(0, 99))
def test_the_future_changes_nothing_of_the_past(cell_type: CellType, seed: int) -> None:
    """Logits at a step depend on the tokens up to it alone."""
    model = evaluated(cell_type)
    src, trg = random_ids(5, 3, SOURCE, seed=seed), random_ids(7, 3, TARGET, seed=seed)
    changed = trg.clone()
    changed[4:] = (changed[4:] + 1) % TARGET
    ours, other = (log_probabilities(model, src, target, None) for target in (trg, changed))
    close(ours[:4], other[:4])
    assert (ours[4:] - other[4:]).abs().max() > 1e-3


@each_cell_type
@each_output
@pytest.mark.parametrize("many_steps", [False, True])
def test_prepared_weights_are_converted_once_and_hold_no_graph(
    cell_type: CellType, tie_output: bool, many_steps: bool
) -> None:
    model = evaluated(cell_type, tie_output=tie_output)
    state = model.encoder(random_ids(3, 2, SOURCE))
    prepared = model.decoder.prepare(torch.bfloat16, many_steps=many_steps)
    types = {weight.dtype for layer in prepared.stack.layers for weight in layer}
    assert types | {prepared.embedding(torch.tensor([1])).dtype, prepared.output.dtype} == {torch.bfloat16}
    assert (prepared.projection is not None) == tie_output
    features, after = prepared.step(torch.tensor([4, 5]), prepared.start(state))
    logits = prepared.logits(features)
    assert logits.dtype == torch.bfloat16
    assert not logits.requires_grad
    assert {part.dtype for layer in after.layers for part in layer} == {torch.float32}
    finer = model.decoder.prepare(torch.float32, many_steps=True)
    exact, _ = finer.step(torch.tensor([4, 5]), finer.start(state))
    assert (features.float() - exact).norm() < 0.03 * exact.norm()
