"""The chunked loss is torch's cross-entropy of the whole logits, in value and in gradient."""

from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from tandem.training import blocks
from tandem.training.loss import paired_projection_loss, projection_loss, real_tokens, token_scores

WIDTH, VOCABULARY = 7, 11
each_count = pytest.mark.parametrize("count", [1, 5, 16, 17, 64, 150])
each_smoothing = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])


@pytest.fixture(autouse=True, params=[(64, 20), (256, 16)], ids=["many blocks", "one block"])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and slices small enough for the tests' few rows to make several, and those of real use."""
    monkeypatch.setattr(blocks, "BLOCK", 0)
    monkeypatch.setattr(blocks, "SLICE", 0)
    monkeypatch.setattr(blocks, "BLOCK_ROWS", request.param[0])
    monkeypatch.setattr(blocks, "SLICE_ROWS", request.param[1])


class Leaves(NamedTuple):
    features: Tensor
    weight: Tensor
    bias: Tensor


def drawn(count: int, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> tuple[Leaves, Tensor]:
    def leaf(*shape: int) -> Tensor:
        return (torch.randn(shape, dtype=dtype) * scale).requires_grad_()

    leaves = Leaves(leaf(count, WIDTH), leaf(VOCABULARY, WIDTH), leaf(VOCABULARY))
    return leaves, torch.randint(0, VOCABULARY, (count,))


def plain(leaves: Leaves, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    return F.cross_entropy(F.linear(*leaves), targets, reduction="sum", label_smoothing=smoothing)


@each_count
@each_smoothing
def test_value_and_gradient_are_cross_entropys(count: int, smoothing: float) -> None:
    leaves, targets = drawn(count)
    objective, nll = projection_loss(*leaves, targets, smoothing=smoothing, dtype=torch.float64)
    expected = plain(leaves, targets, smoothing)
    assert_close(objective, expected)
    assert_close(nll, plain(leaves, targets).detach())
    # A factor, as dividing by the number of tokens puts one in.
    assert_close(torch.autograd.grad(objective / 7, leaves), torch.autograd.grad(expected / 7, leaves))


@each_smoothing
def test_the_gradient_is_the_derivative(smoothing: float) -> None:
    leaves, targets = drawn(4)

    def objective(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return projection_loss(features, weight, bias, targets, smoothing=smoothing, dtype=torch.float64)[0]

    assert torch.autograd.gradcheck(objective, tuple(leaves))


def test_the_plain_likelihood_has_no_gradient() -> None:
    leaves, targets = drawn(3)
    objective, nll = projection_loss(*leaves, targets, smoothing=0.2, dtype=torch.float64)
    assert objective.requires_grad
    assert not nll.requires_grad


@each_smoothing
def test_without_a_graph_the_values_are_the_same(smoothing: float) -> None:
    leaves, targets = drawn(300)
    with_graph = projection_loss(*leaves, targets, smoothing=smoothing, dtype=torch.float64)
    fixed = Leaves(*(leaf.detach() for leaf in leaves))
    without = projection_loss(*fixed, targets, smoothing=smoothing, dtype=torch.float64)
    assert not without[0].requires_grad
    assert_close([each.detach() for each in with_graph], list(without))


def test_logits_of_thousands_do_not_overflow() -> None:
    leaves, targets = drawn(20, torch.float32, scale=60.0)
    objective, _ = projection_loss(*leaves, targets, smoothing=0.1, dtype=torch.float32)
    expected = plain(leaves, targets, 0.1)
    assert expected > 1e4
    assert_close(objective, expected)
    assert_close(torch.autograd.grad(objective, leaves), torch.autograd.grad(expected, leaves), atol=1e-3, rtol=1e-4)


@each_smoothing
def test_bfloat16_products_stay_near(smoothing: float) -> None:
    leaves, targets = drawn(600, torch.float32)
    objective, nll = projection_loss(*leaves, targets, smoothing=smoothing, dtype=torch.bfloat16)
    expected = plain(leaves, targets, smoothing)
    assert objective.dtype == nll.dtype == torch.float32
    assert_close(objective, expected, rtol=0.01, atol=0)
    ours, theirs = torch.autograd.grad(objective, leaves), torch.autograd.grad(expected, leaves)
    for low, exact in zip(ours, theirs, strict=True):
        assert low.dtype == torch.float32
        assert 0 < (low - exact).norm() < 0.03 * exact.norm()


def drawn_pair(count: int, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> tuple[Leaves, Tensor]:
    """Features of two readings that are like each other, as those of one batch with other dropout."""
    leaves, targets = drawn(count, dtype, scale)
    second = leaves.features.detach() + 0.5 * torch.randn_like(leaves.features)
    return leaves._replace(features=torch.stack((leaves.features.detach(), second)).requires_grad_()), targets


def plain_pair(leaves: Leaves, targets: Tensor, smoothing: float, r_drop: float) -> tuple[Tensor, Tensor]:
    """Half of equation (4) of Liang et al. 2021, and the mean likelihood, from whole logits by autograd."""
    first, second = (Leaves(features, *leaves[1:]) for features in leaves.features)
    p, q = (F.linear(*each).log_softmax(dim=1) for each in (first, second))
    apart = [F.kl_div(one, other, reduction="sum", log_target=True) for one, other in ((p, q), (q, p))]
    likelihoods = [plain(first, targets, each) + plain(second, targets, each) for each in (smoothing, 0.0)]
    return (likelihoods[0] + r_drop / 2 * sum(apart)) / 2, likelihoods[1].detach() / 2


@pytest.mark.parametrize("count", [1, 17, 150])
@pytest.mark.parametrize(("smoothing", "r_drop"), [(0.0, 0.0), (0.0, 5.0), (0.1, 5.0)])
def test_r_drop_is_the_papers_equation_in_value_and_gradient(count: int, smoothing: float, r_drop: float) -> None:
    leaves, targets = drawn_pair(count)
    kinds = {"smoothing": smoothing, "r_drop": r_drop}
    objective, nll = paired_projection_loss(*leaves, targets, **kinds, dtype=torch.float64)  # type: ignore[arg-type]
    expected, likelihood = plain_pair(leaves, targets, smoothing, r_drop)
    assert_close(objective, expected)
    assert_close(nll, likelihood)
    assert not nll.requires_grad
    assert_close(torch.autograd.grad(objective / 7, leaves), torch.autograd.grad(expected / 7, leaves))
    fixed = Leaves(*(leaf.detach() for leaf in leaves))
    assert_close(paired_projection_loss(*fixed, targets, **kinds, dtype=torch.float64)[0], objective.detach())  # type: ignore[arg-type]


def test_r_drop_of_two_readings_that_are_alike_is_the_plain_loss() -> None:
    leaves, targets = drawn(70)
    twice = torch.stack((leaves.features, leaves.features))
    paired = paired_projection_loss(twice, *leaves[1:], targets, smoothing=0.1, r_drop=9.0, dtype=torch.float64)
    expected = projection_loss(*leaves, targets, smoothing=0.1, dtype=torch.float64)
    assert_close(paired, expected)
    assert_close(torch.autograd.grad(paired[0], leaves), torch.autograd.grad(expected[0], leaves))


def test_r_drop_with_bfloat16_products_stays_near() -> None:
    leaves, targets = drawn_pair(300, torch.float32)
    objective, nll = paired_projection_loss(*leaves, targets, smoothing=0.1, r_drop=3.0, dtype=torch.bfloat16)
    expected, likelihood = plain_pair(leaves, targets, 0.1, 3.0)
    assert objective.dtype == nll.dtype == torch.float32
    assert_close(objective, expected, rtol=0.01, atol=0)
    assert_close(nll, likelihood, rtol=0.01, atol=0)
    ours, theirs = torch.autograd.grad(objective, leaves), torch.autograd.grad(expected, leaves)
    for low, exact in zip(ours, theirs, strict=True):
        assert low.dtype == torch.float32
        assert 0 < (low - exact).norm() < 0.03 * exact.norm()


def test_r_drop_of_logits_of_thousands_does_not_overflow() -> None:
    leaves, targets = drawn_pair(20, torch.float32, scale=60.0)
    objective, _ = paired_projection_loss(*leaves, targets, smoothing=0.1, r_drop=1.0, dtype=torch.float32)
    expected, _ = plain_pair(leaves, targets, 0.1, 1.0)
    assert expected > 1e4
    assert_close(objective, expected)
    ours, theirs = torch.autograd.grad(objective, leaves), torch.autograd.grad(expected, leaves)
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).norm() < 1e-4 * other.norm()


@each_count
def test_token_scores_are_log_probabilities(count: int) -> None:
    leaves, targets = drawn(count)
    scores, best = token_scores(*leaves, targets)
    logits = F.linear(*leaves).detach()
    assert not scores.requires_grad
    assert_close(scores, F.log_softmax(logits, dim=1).gather(1, targets.unsqueeze(1)).squeeze(1))
    assert torch.equal(best, logits.argmax(dim=1) == targets)
    assert_close(scores.sum(), -plain(leaves, targets).detach())


def test_token_scores_take_features_of_a_lower_precision() -> None:
    leaves, targets = drawn(300, torch.float32)
    exact, _ = token_scores(*leaves, targets)
    scores, _ = token_scores(leaves.features.bfloat16(), leaves.weight, leaves.bias, targets)
    assert scores.dtype == torch.float32
    assert 0 < (scores - exact).norm() < 0.02 * exact.norm()


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 2))
def test_real_tokens_are_those_after_the_first_within_the_length(lengths: list[int], extra: int) -> None:
    rows, batch = max(lengths) + extra, len(lengths)
    target = torch.arange(rows * batch).reshape(rows, batch)
    expected = [int(target[t, b]) for t in range(1, rows) for b in range(batch) if t < lengths[b]]
    real = real_tokens(target, torch.tensor(lengths))
    assert target[1:].flatten()[real].tolist() == expected


class Largest(TorchDispatchMode):
    """Notes the size of the largest tensor that any operation puts out."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for part in out if isinstance(out, tuple | list) else (out,):
            if isinstance(part, Tensor):
                self.numel = max(self.numel, part.numel())
        return out


def test_whole_logits_never_exist() -> None:
    """The paper's vocabulary, and about the tokens of a batch of 128 sentences."""
    tokens, width, vocabulary = 1800, 16, 80_000
    features = torch.randn(tokens, width, requires_grad=True)
    weight, bias = torch.randn(vocabulary, width, requires_grad=True), torch.zeros(vocabulary, requires_grad=True)
    targets = torch.randint(0, vocabulary, (tokens,))
    with Largest() as seen:
        objective, _ = projection_loss(features, weight, bias, targets, smoothing=0.1, dtype=torch.float32)
        torch.autograd.backward(objective)
    assert 0 < seen.numel <= 256 * vocabulary
    assert seen.numel < tokens * vocabulary / 7


def test_nor_do_those_of_r_drops_two_readings() -> None:
    tokens = 900
    leaves, targets = drawn_pair(tokens, torch.float32)
    weight, bias = torch.randn(2000, WIDTH, requires_grad=True), torch.zeros(2000, requires_grad=True)
    with Largest() as seen:
        objective, _ = paired_projection_loss(
            leaves.features, weight, bias, targets, smoothing=0.1, r_drop=1.0, dtype=torch.float32
        )
        torch.autograd.backward(objective)
    assert 0 < seen.numel <= 256 * 2000
    assert seen.numel < 2 * tokens * 2000 / 7
