"""What must hold of every search, over tables whose log-probabilities depend on the whole prefix."""

import pytest
import torch
from torch import Tensor

from tandem.search import Hypothesis, beam, greedy
from tests.search.tables import (
    BANNED,
    EOS,
    SOS,
    TableStepper,
    all_hypotheses,
    log_probabilities,
    plain_beam,
    random_sources,
    random_table,
)

DTYPES = (torch.float32, torch.float64)
SEEDS = range(2)


def greedily(
    stepper: TableStepper,
    source: Tensor,
    lengths: Tensor,
    max_lengths: Tensor,
    banned: tuple[int, ...] = BANNED,
) -> list[Hypothesis]:
    return greedy(stepper, source, lengths, sos=SOS, eos=EOS, max_lengths=max_lengths, banned=banned)


def beamed(
    stepper: TableStepper,
    source: Tensor,
    lengths: Tensor,
    max_lengths: Tensor,
    beam_size: int,
    n_best: int = 1,
    length_penalty: float = 0.0,
    banned: tuple[int, ...] = BANNED,
) -> list[list[Hypothesis]]:
    return beam(
        stepper,
        source,
        lengths,
        sos=SOS,
        eos=EOS,
        max_lengths=max_lengths,
        beam_size=beam_size,
        n_best=n_best,
        length_penalty=length_penalty,
        banned=banned,
    )


def various_lengths(batch: int) -> Tensor:
    """Return 0, 1, 2 ... 12, and again."""
    return torch.arange(batch) % 13


@pytest.mark.parametrize("dtype", [*DTYPES, torch.bfloat16])
@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("vocabulary", [7, 300])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_beam_of_1_is_greedy(seed: int, vocabulary: int, levels: int | None, dtype: torch.dtype) -> None:
    stepper = random_table(seed, vocabulary, dtype, levels)
    source, lengths = random_sources(seed, 39, vocabulary)
    max_lengths = various_lengths(39)
    for banned in ((), (4,), BANNED):
        found = beamed(stepper, source, lengths, max_lengths, beam_size=1, banned=banned)
        assert [best for (best,) in found] == greedily(stepper, source, lengths, max_lengths, banned)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length_penalty", [0, 0.6, 1])
@pytest.mark.parametrize("n_best", [1, 3, 150])
def test_a_beam_as_wide_as_the_tree_finds_what_exhaustive_search_finds(
    n_best: int, length_penalty: float, dtype: torch.dtype
) -> None:
    stepper = random_table(n_best, dtype=dtype)
    source, lengths = random_sources(n_best, 5)
    max_lengths = torch.tensor([4, 0, 2, 1, 3])
    found = beamed(stepper, source, lengths, max_lengths, 150, n_best, length_penalty)
    for sentence, hypotheses in enumerate(found):
        length, limit = int(lengths[sentence]), int(max_lengths[sentence])
        everything = all_hypotheses(stepper, source[:, sentence], length, limit, length_penalty, BANNED)
        assert len(everything) == (1, 4, 13, 40, 121)[limit]
        assert hypotheses == everything[:n_best]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("length_penalty", [0, 0.6, 1])
@pytest.mark.parametrize(("beam_size", "n_best"), [(1, 1), (2, 2), (3, 1), (5, 4)])
def test_the_batched_beam_is_the_plain_beam(
    beam_size: int, n_best: int, length_penalty: float, levels: int | None, dtype: torch.dtype
) -> None:
    stepper = random_table(beam_size, 9, dtype, levels)
    source, lengths = random_sources(beam_size, 13, 9)
    max_lengths = various_lengths(13)
    found = beamed(stepper, source, lengths, max_lengths, beam_size, n_best, length_penalty)
    for sentence, hypotheses in enumerate(found):
        length, limit = int(lengths[sentence]), int(max_lengths[sentence])
        options = (beam_size, n_best, length_penalty, BANNED)
        assert hypotheses == plain_beam(stepper, source[:, sentence], length, limit, *options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("vocabulary", [7, 300])
@pytest.mark.parametrize("length_penalty", [0, 0.6])
def test_neither_the_batch_nor_its_order_changes_a_sentence(
    length_penalty: float, vocabulary: int, levels: int | None, dtype: torch.dtype
) -> None:
    stepper = random_table(1, vocabulary, dtype, levels)
    source, lengths = random_sources(1, 14, vocabulary)
    max_lengths = various_lengths(14)
    together = beamed(stepper, source, lengths, max_lengths, 4, 3, length_penalty)
    together_greedily = greedily(stepper, source, lengths, max_lengths)
    order = torch.randperm(14, generator=torch.Generator().manual_seed(1))
    shuffled = beamed(stepper, source[:, order], lengths[order], max_lengths[order], 4, 3, length_penalty)
    assert shuffled == [together[row] for row in order.tolist()]
    shuffled_greedily = greedily(stepper, source[:, order], lengths[order], max_lengths[order])
    assert shuffled_greedily == [together_greedily[row] for row in order.tolist()]
    for row in range(14):
        alone = slice(row, row + 1)
        one = (stepper, source[:, alone], lengths[alone], max_lengths[alone])
        assert beamed(*one, 4, 3, length_penalty) == [together[row]]
        assert greedily(*one) == [together_greedily[row]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length_penalty", [0, 0.6, 1])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_found_is_sorted_distinct_finished_allowed_and_scored_as_the_table_says(
    seed: int, length_penalty: float, dtype: torch.dtype
) -> None:
    stepper = random_table(seed, dtype=dtype)
    source, lengths = random_sources(seed, 13)
    max_lengths = various_lengths(13)
    found = beamed(stepper, source, lengths, max_lengths, 6, 6, length_penalty)
    found_greedily = greedily(stepper, source, lengths, max_lengths)
    for sentence, hypotheses in enumerate(found):
        limit = int(max_lengths[sentence])
        assert 1 <= len(hypotheses) <= 6
        assert len({hypothesis.ids for hypothesis in hypotheses}) == len(hypotheses)
        scores = [hypothesis.score for hypothesis in hypotheses]
        assert scores == sorted(scores, reverse=True)
        for hypothesis in (*hypotheses, found_greedily[sentence]):
            assert hypothesis.finished
            assert len(hypothesis.ids) <= limit
            assert not {EOS, *BANNED} & set(hypothesis.ids)
            length, outputs = int(lengths[sentence]), (*hypothesis.ids, EOS)
            for place, (token, score) in enumerate(zip(outputs, hypothesis.token_scores, strict=True)):
                table = log_probabilities(stepper, source[:, sentence], length, outputs[:place])
                assert score == table[token]
        for hypothesis in hypotheses:
            factor = (len(hypothesis.ids) + 1) ** length_penalty
            assert hypothesis.score == pytest.approx(hypothesis.log_probability / factor, rel=1e-12)
        assert found_greedily[sentence].score == found_greedily[sentence].log_probability


@pytest.mark.parametrize("beam_size", [2, 50])
def test_where_less_is_possible_than_the_beam_holds_all_of_it_is_found(beam_size: int) -> None:
    table = torch.full((1999, 7), -torch.inf)
    table[:, EOS] = -1.0
    table[:, 5] = -2.0  # the only word: there is one output of each length
    source, lengths = random_sources(0, 4)
    found = beamed(TableStepper(table), source, lengths, torch.tensor([0, 1, 2, 30]), beam_size, beam_size)
    expected = [min(beam_size, number) for number in (1, 2, 3, 31)]
    assert [len(hypotheses) for hypotheses in found] == expected
    for hypotheses in found:
        assert [hypothesis.ids for hypothesis in hypotheses] == [(5,) * n for n in range(len(hypotheses))]
