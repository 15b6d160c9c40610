"""What averages the predictions of several steppers: the average is what it says, and searching knows no difference."""

import math

import pytest
import torch

from tandem.engines.ensemble import Average, EnsembleStepper, arithmetic_mean, geometric_mean
from tandem.search import Hypothesis, Stepper, beam
from tandem.search.stepper import S
from tests.search.tables import BANNED, EOS, SOS, TableState, all_hypotheses, random_sources, random_table

AVERAGES = pytest.mark.parametrize("average", [arithmetic_mean, geometric_mean])


def random_steps(members: int, rows: int, vocabulary: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    logits = [8 * torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(m)) for m in range(members)]
    return logits, [each.logsumexp(dim=1) for each in logits]


@pytest.mark.parametrize(("rows", "vocabulary"), [(3, 5), (70, 6000)])
@pytest.mark.parametrize("members", [1, 2, 5])
def test_the_means_are_means_of_probabilities(members: int, rows: int, vocabulary: int) -> None:
    logits, normalisers = random_steps(members, rows, vocabulary)
    before = [each.clone() for each in logits]
    shares = torch.stack([each.double().softmax(dim=1) for each in logits])  # (members, rows, V)
    mean, normaliser = arithmetic_mean(logits, normalisers)
    torch.testing.assert_close((mean - normaliser[:, None]).exp().double(), shares.mean(dim=0), rtol=1e-4, atol=1e-9)
    mean, normaliser = geometric_mean(logits, normalisers)
    product = shares.log().mean(dim=0).exp()
    expected = product / product.sum(dim=1, keepdim=True)
    torch.testing.assert_close((mean - normaliser[:, None]).exp().double(), expected, rtol=1e-4, atol=1e-9)
    assert all(torch.equal(one, other) for one, other in zip(logits, before, strict=True))  # they are the members' own


def found_by(stepper: Stepper[S]) -> list[list[Hypothesis]]:
    source, lengths = random_sources(3, 9)
    limits = torch.arange(9)
    return beam(stepper, source, lengths, sos=SOS, eos=EOS, max_lengths=limits, beam_size=4, n_best=4, banned=BANNED)


@AVERAGES
def test_what_is_nearly_impossible_to_all_members_is_not_impossible_to_the_ensemble(average: Average) -> None:
    logits = [torch.tensor([[0.0, -500.0]]), torch.tensor([[0.0, -600.0]])]
    mean, normaliser = average(logits, [each.logsumexp(dim=1) for each in logits])
    expected = -500 - math.log(2) if average is arithmetic_mean else -550
    assert float(mean[0, 1] - normaliser[0]) == pytest.approx(expected)


@AVERAGES
@pytest.mark.parametrize("copies", [1, 2, 5])
def test_copies_of_a_stepper_find_what_it_finds(copies: int, average: Average) -> None:
    table = random_table(3)
    one, several = found_by(table), found_by(EnsembleStepper([table] * copies, average))
    assert [[h.ids for h in found] for found in several] == [[h.ids for h in found] for found in one]
    for found, expected in zip(several, one, strict=True):
        assert [h.score for h in found] == pytest.approx([h.score for h in expected])


@AVERAGES
def test_a_wide_beam_finds_the_best_by_the_average_of_different_members(average: Average) -> None:
    members = [random_table(seed) for seed in range(3)]
    ensemble = EnsembleStepper(members, average)
    source, lengths = random_sources(1, 3)
    found = beam(
        ensemble,
        source,
        lengths,
        sos=SOS,
        eos=EOS,
        max_lengths=torch.tensor([3, 3, 3]),
        beam_size=150,
        n_best=20,
        banned=BANNED,
    )
    for sentence, hypotheses in enumerate(found):
        scored = []
        for hypothesis in all_hypotheses(members[0], source[:, sentence], int(lengths[sentence]), 3, 0, BANNED):
            score = _score_of(ensemble, source[:, [sentence]], lengths[[sentence]], (*hypothesis.ids, EOS))
            scored.append((score, hypothesis.ids))
        scored.sort(reverse=True)
        assert [h.ids for h in hypotheses] == [ids for _, ids in scored[:20]]
        assert [h.score for h in hypotheses] == pytest.approx([score for score, _ in scored[:20]])


def _score_of(
    ensemble: EnsembleStepper[TableState], source: torch.Tensor, length: torch.Tensor, tokens: tuple[int, ...]
) -> float:
    state, total, before = ensemble.start(source, length), 0.0, SOS
    for token in tokens:
        logits, normaliser, state = ensemble.step(torch.tensor([before]), state)
        total += float(logits[0, token] - normaliser[0])
        before = token
    return total


def test_an_ensemble_has_a_member() -> None:
    with pytest.raises(ValueError, match="an ensemble needs a member"):
        EnsembleStepper([], arithmetic_mean)
