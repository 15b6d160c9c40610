"""The mean of several models' predictions is what it says."""

import math

import pytest
import torch

from tandem.engines.averaging import Average, arithmetic_mean, geometric_mean, log_normaliser


@pytest.mark.parametrize(("rows", "vocabulary"), [(3, 5), (70, 6000)])
@pytest.mark.parametrize("members", [1, 2, 5])
def test_the_means_are_means_of_probabilities(members: int, rows: int, vocabulary: int) -> None:
    logits = [8 * torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(m)) for m in range(members)]
    before = [each.clone() for each in logits]
    shares = torch.stack([each.double().softmax(dim=1) for each in logits])  # (members, rows, V)
    mean, normaliser = arithmetic_mean(logits)
    torch.testing.assert_close((mean - normaliser[:, None]).exp().double(), shares.mean(dim=0), rtol=1e-4, atol=1e-9)
    mean, normaliser = geometric_mean(logits)
    product = shares.log().mean(dim=0).exp()
    expected = product / product.sum(dim=1, keepdim=True)
    torch.testing.assert_close((mean - normaliser[:, None]).exp().double(), expected, rtol=1e-4, atol=1e-9)
    assert all(torch.equal(one, other) for one, other in zip(logits, before, strict=True))  # they are the members' own


@pytest.mark.parametrize("average", [arithmetic_mean, geometric_mean])
def test_what_is_nearly_impossible_to_all_members_is_not_impossible_to_the_ensemble(average: Average) -> None:
    logits = [torch.tensor([[0.0, -500.0]]), torch.tensor([[0.0, -600.0]])]
    mean, normaliser = average(logits)
    expected = -500 - math.log(2) if average is arithmetic_mean else -550
    assert float(mean[0, 1] - normaliser[0]) == pytest.approx(expected)


@pytest.mark.parametrize(("rows", "vocabulary"), [(1, 5), (700, 3000)])
def test_the_normaliser_is_the_logarithm_of_the_sum_of_exponentials(rows: int, vocabulary: int) -> None:
    logits = torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(log_normaliser(logits), logits.logsumexp(dim=1))
