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

from tandem.training import loss
from tandem.training.loss import projection_loss, real_tokens, token_scores

WIDTH, VOCABULARY = 7, 11
each_count = pytest.mark.parametrize("count", [1, 5, 16, 17, 64, 150])
each_smoothing = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])


@pytest.fixture(autouse=True, params=[(64, 20), (256, 16)], ids=["many blocks", "one block"])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and slices small enough for the tests' few rows to make several, and those of real use."""
    monkeypatch.setattr(loss, "_BLOCK", 0)
    monkeypatch.setattr(loss, "_SLICE", 0)
    monkeypatch.setattr(loss, "_BLOCK_ROWS", request.param[0])
    monkeypatch.setattr(loss, "_SLICE_ROWS", request.param[1])


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
