import importlib
import math

import pytest
import torch

from tandem.errors import TandemError
from tandem.search import greedy
from tests.search.tables import (
    BANNED,
    EOS,
    SOS,
    TableStepper,
    log_probabilities,
    random_sources,
    random_table,
)

SOURCE, LENGTHS = torch.zeros(1, 1, dtype=torch.int64), torch.ones(1, dtype=torch.int64)


@pytest.mark.parametrize("levels", [None, 2])
def test_each_token_is_the_first_of_the_most_probable(levels: int | None) -> None:
    stepper = random_table(1, levels=levels)
    source, lengths = random_sources(1, 20)
    max_lengths = torch.arange(20) % 7
    found = greedy(stepper, source, lengths, sos=SOS, eos=EOS, max_lengths=max_lengths, banned=BANNED)
    for sentence, hypothesis in enumerate(found):
        outputs = (*hypothesis.ids, EOS)
        for place, token in enumerate(outputs):
            scores = log_probabilities(stepper, source[:, sentence], int(lengths[sentence]), outputs[:place])
            allowed = range(EOS, EOS + 1) if place == max_lengths[sentence] else range(EOS, 7)
            assert token == max(allowed, key=lambda token: (scores[token], -token))
            assert hypothesis.token_scores[place] == scores[token]


def test_sentences_that_are_finished_leave_the_batch() -> None:
    stepper = random_table(3)
    stepper.table[:, EOS] = -30.0  # nothing ends before its limit
    source, lengths = random_sources(3, 4)
    limits = torch.tensor([3, 0, 1, 1])
    greedy(stepper, source, lengths, sos=SOS, eos=EOS, max_lengths=limits, banned=BANNED)
    assert stepper.rows_of_steps == [4, 3, 1, 1]


def test_a_search_ends_with_its_last_sentence() -> None:
    stepper = random_table(3)
    stepper.table[:, EOS] = 30.0
    source, lengths = random_sources(3, 4)
    greedy(stepper, source, lengths, sos=SOS, eos=EOS, max_lengths=torch.full((4,), 100))
    assert stepper.rows_of_steps == [4]


def test_looking_less_often_for_finished_sentences_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    source, lengths = random_sources(5, 30)
    limits = torch.arange(30) % 11

    def search() -> tuple[object, list[int]]:
        stepper = random_table(5)
        found = greedy(stepper, source, lengths, sos=SOS, eos=EOS, max_lengths=limits, banned=BANNED)
        return found, stepper.rows_of_steps

    found, rows = search()
    module = importlib.import_module("tandem.search.greedy")
    monkeypatch.setattr(module, "should_look", lambda device, time: time % 4 == 3)
    found_later, rows_later = search()
    assert found_later == found
    assert sum(rows_later) > sum(rows)


def test_no_sentences_give_no_hypotheses() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    source = torch.zeros(3, 0, dtype=torch.int64)
    assert greedy(random_table(0), source, none, sos=SOS, eos=EOS, max_lengths=none) == []


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_model_that_scores_nothing_is_reported(value: float) -> None:
    with pytest.raises(TandemError, match=r"no output for sentence 0 .*minus infinity or NaN"):
        greedy(
            TableStepper(torch.full((1, 5), value)),
            SOURCE,
            LENGTHS,
            sos=SOS,
            eos=EOS,
            max_lengths=3 * LENGTHS,
        )


@pytest.mark.parametrize(
    ("max_lengths", "banned", "text"),
    [
        (torch.tensor([1, 2]), (), r"each of the 1 sentences of source, but its shape is \[2\]"),
        (torch.tensor([-1]), (), "must not be negative, but its smallest is -1"),
        (torch.tensor([1]), (0, EOS), r"must not hold <eos>, but 3 is in \[0, 3\]"),
    ],
)
def test_arguments_out_of_range_are_refused(max_lengths: torch.Tensor, banned: tuple[int, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        greedy(random_table(0), SOURCE, LENGTHS, sos=SOS, eos=EOS, max_lengths=max_lengths, banned=banned)
