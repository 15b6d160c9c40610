import importlib
import math

import pytest
import torch

from tandem.errors import TandemError
from tandem.search import beam, greedy
from tests.search.tables import BANNED, EOS, SOS, TableStepper, random_sources, random_table


def chain(logits: list[list[float]]) -> TableStepper:
    """Return a stepper whose logits are the same after every prefix of a length; the last row stays."""

    class Chain(TableStepper):
        def follow(self, places: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
            return (places + 1).clamp(max=len(self.table) - 1)

    return Chain(torch.tensor([logits[0], logits[0], *logits]))  # the source and <sos> lead to row 2


SOURCE, LENGTHS = torch.zeros(1, 1, dtype=torch.int64), torch.ones(1, dtype=torch.int64)


@pytest.mark.parametrize(
    ("beam_size", "n_best", "text"),
    [(3, 4, "n_best is 4 and beam_size is 3"), (3, 0, "n_best is 0 and"), (0, 0, "beam_size is 0")],
)
def test_more_hypotheses_than_the_beam_holds_are_refused(beam_size: int, n_best: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        beam(
            random_table(0),
            SOURCE,
            LENGTHS,
            sos=SOS,
            eos=EOS,
            max_lengths=LENGTHS,
            beam_size=beam_size,
            n_best=n_best,
        )


def test_a_negative_length_penalty_is_refused() -> None:
    with pytest.raises(ValueError, match=r"length_penalty must be 0 to 5, but it is -0\.5"):
        beam(
            random_table(0),
            SOURCE,
            LENGTHS,
            sos=SOS,
            eos=EOS,
            max_lengths=LENGTHS,
            beam_size=2,
            length_penalty=-0.5,
        )


def test_no_sentences_give_no_hypotheses() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    source = torch.zeros(3, 0, dtype=torch.int64)
    assert beam(random_table(0), source, none, sos=SOS, eos=EOS, max_lengths=none, beam_size=2) == []


def test_the_beam_finds_what_greedy_search_misses() -> None:
    # "4" then the end: 0.4 * 0.9. Greedy search takes "5", 0.6, after which nothing is above 1/2.
    class Garden(TableStepper):
        def follow(self, places: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
            return torch.where(tokens == 4, 1, torch.where(tokens == 5, 2, 0))

    start = [0, 0, 0, 0, 0.4, 0.6]
    after_4 = [0, 0, 0, 0.9, 0.1, 0]
    after_5 = [0, 0, 0, 0.5, 0.25, 0.25]
    stepper = Garden(torch.tensor([start, after_4, after_5]).log())
    ((best, second),) = beam(stepper, SOURCE, LENGTHS, sos=SOS, eos=EOS, max_lengths=2 * LENGTHS, beam_size=2, n_best=2)
    (greedy_one,) = greedy(stepper, SOURCE, LENGTHS, sos=SOS, eos=EOS, max_lengths=2 * LENGTHS)
    assert best.ids == (4,)
    assert math.exp(best.log_probability) == pytest.approx(0.36)
    assert second == greedy_one
    assert greedy_one.ids == (5,)
    assert math.exp(greedy_one.score) == pytest.approx(0.3)


def test_a_length_penalty_favours_the_longer() -> None:
    stepper = chain([[0, 0, 0, 0.5, 0.5], [0, 0, 0, 0.9, 0.1]])
    stepper.table = stepper.table.log()
    found = {}
    for penalty in (0.0, 1.0):
        ((best,),) = beam(
            stepper,
            SOURCE,
            LENGTHS,
            sos=SOS,
            eos=EOS,
            max_lengths=5 * LENGTHS,
            beam_size=3,
            length_penalty=penalty,
        )
        found[penalty] = best
    assert found[0.0].ids == ()
    assert found[1.0].ids == (4,)
    assert found[1.0].score == pytest.approx((math.log(0.5) + math.log(0.9)) / 2)


def test_sentences_that_are_finished_leave_the_batch() -> None:
    stepper = random_table(3)
    stepper.table[:, EOS] = -30.0  # nothing ends before its limit
    source, lengths = random_sources(3, 4)
    beam(
        stepper,
        source,
        lengths,
        sos=SOS,
        eos=EOS,
        max_lengths=torch.tensor([3, 0, 1, 1]),
        beam_size=2,
        banned=BANNED,
    )
    assert stepper.rows_of_steps == [4, 3 * 2, 1 * 2, 1 * 2]


def test_a_search_ends_as_soon_as_nothing_can_improve() -> None:
    stepper = chain([[0, 0, 0, 9.0, 1.0]])
    beam(stepper, SOURCE, LENGTHS, sos=SOS, eos=EOS, max_lengths=100 * LENGTHS, beam_size=4)
    assert stepper.rows_of_steps == [1]


def test_a_longer_hypothesis_is_not_waited_for() -> None:
    # <eos> now at 0.4 beats a token at 0.3 were that followed by a sure <eos>; only many sure tokens would lift it.
    first = [math.log(p) for p in (1e-9, 1e-9, 1e-9, 0.4, 0.1)]
    sure = [-30.0, -30.0, -30.0, -30.0, 0.0]
    stepper = chain([first, sure, sure, sure, sure])
    (best,) = beam(stepper, SOURCE, LENGTHS, sos=SOS, eos=EOS, max_lengths=9 * LENGTHS, beam_size=2, length_penalty=1)
    assert best[0].ids == ()
    assert stepper.rows_of_steps == [1]


@pytest.mark.parametrize("length_penalty", [0, 1])
def test_looking_less_often_for_finished_sentences_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, length_penalty: float
) -> None:
    source, lengths = random_sources(5, 30)
    max_lengths = torch.arange(30) % 11

    def search() -> tuple[object, list[int]]:
        stepper = random_table(5)
        found = beam(
            stepper,
            source,
            lengths,
            sos=SOS,
            eos=EOS,
            max_lengths=max_lengths,
            beam_size=3,
            n_best=2,
            length_penalty=length_penalty,
            banned=BANNED,
        )
        return found, stepper.rows_of_steps

    found, rows = search()
    module = importlib.import_module("tandem.search.beam")
    monkeypatch.setattr(module, "should_look", lambda device, time: time % 4 == 3)
    found_later, rows_later = search()
    assert found_later == found
    assert sum(rows_later) > sum(rows)


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_model_that_scores_nothing_is_reported(value: float) -> None:
    stepper = chain([[value] * 5])
    for beam_size in (1, 3):
        with pytest.raises(TandemError, match=r"no output for sentence 0 .*minus infinity or NaN"):
            beam(stepper, SOURCE, LENGTHS, sos=SOS, eos=EOS, max_lengths=3 * LENGTHS, beam_size=beam_size)


def test_the_logits_are_only_read() -> None:
    stepper = random_table(2)
    before = stepper.table.clone()

    class Shared(TableStepper):
        def follow(self, places: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
            return places

        def step(self, tokens, state):  # type: ignore[no-untyped-def]
            logits = self.table[:1].expand(len(tokens), -1)
            return super().step(tokens, state)._replace(logits=logits)

    beam(
        Shared(stepper.table),
        SOURCE,
        LENGTHS,
        sos=SOS,
        eos=EOS,
        max_lengths=3 * LENGTHS,
        beam_size=3,
        banned=BANNED,
    )
    assert torch.equal(stepper.table, before)
