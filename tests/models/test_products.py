"""Every way to take a product gives what torch's public functions give, with and without torch's private operators."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from tandem.models import CellType
from tandem.models.kernels import activations, products
from tandem.models.kernels.activations import sigmoid_backward, tanh_backward
from tandem.models.kernels.products import Packed, linear, weight_gradient
from tests.support.models import CELL_TYPES, random_ids, small_model

PRIVATE = [
    (torch.ops.mkldnn, "_reorder_linear_weight"),
    (torch.ops.mkldnn, "_linear_pointwise"),
    (torch.ops.mkldnn, "_is_mkldnn_bf16_supported"),
    (torch.ops.aten, "sigmoid_backward"),
    (torch.ops.aten, "tanh_backward"),
]


class Missing:
    """Stands for an operator that a release of torch does not have."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def __call__(self, *_: Any) -> Any:
        raise AttributeError("no such operator")


class Refusing:
    """Stands for an operator whose arguments have changed."""

    def __getattr__(self, name: str) -> "Refusing":
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("expected at most 3 arguments")


class Wrong:
    """Stands for an operator that now computes something else."""

    def __init__(self, operator: Any) -> None:
        self._operator = operator

    def __getattr__(self, name: str) -> "Wrong":
        return Wrong(getattr(self._operator, name))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        result = self._operator(*arguments, **named)
        return result.mul_(1.5)


def forget() -> None:
    """Have the operators tried again when they are next needed."""
    products._works.cache_clear()
    activations._fused.cache_clear()


@pytest.fixture
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def computed(cell_type: CellType) -> list[Tensor]:
    """Logits, gradients and prepared steps of a small model, in float32."""
    model = small_model(cell_type, tie_output=True)
    src, trg = random_ids(5, 4, 13), random_ids(6, 4, 12)
    logits = model(src, trg, coins=torch.zeros(5, dtype=torch.bool))
    torch.autograd.backward(logits.pow(2).sum())
    results = [logits.detach(), *(weight.grad for weight in model.parameters() if weight.grad is not None)]
    prepared = model.decoder.prepare(torch.float32, many_steps=True)
    for rows in (1, 4):
        state = prepared.start(model.encoder.prepare(torch.float32).read(src[:, :rows], torch.full((rows,), 5)))
        results.append(prepared.logits(prepared.step(trg[1, :rows], state)[0]))
    return results


BROKEN = [
    *((namespace, name, broken) for namespace, name in PRIVATE for broken in (Missing, Refusing)),
    *((namespace, name, Wrong) for namespace, name in PRIVATE if name.endswith(("pointwise", "backward"))),
]


@pytest.mark.parametrize(("namespace", "name", "broken"), BROKEN)
def test_an_operator_that_is_missing_or_wrong_is_not_used(
    namespace: Any, name: str, broken: type[Any], fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {cell_type: computed(cell_type) for cell_type in CELL_TYPES}
    forget()
    monkeypatch.setattr(namespace, name, broken(getattr(namespace, name)) if broken is Wrong else broken())
    for cell_type in CELL_TYPES:
        assert_close(computed(cell_type), expected[cell_type], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("columns", [1, 24, 70])
@pytest.mark.parametrize("rows", [1, 8, 57])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_packed_product_is_the_plain_one(rows: int, columns: int, bias: bool, threads: int) -> None:
    """Slices for three threads do not come out even with 8 rows, nor those for two with 57."""
    weight, addend, bias_of = torch.randn(rows, columns), torch.randn(4, rows), torch.randn(rows) if bias else None
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for packed in (Packed(weight, bias_of), Packed(weight, bias_of, single_rows=True)):
            for inputs in (torch.randn(4, columns), torch.randn(1, columns)):
                expected = F.linear(inputs, weight, bias_of)
                assert_close(packed(inputs), expected)
                more = addend[: len(inputs)]
                kept = more.clone()
                added = packed.plus(more, inputs, torch.float64)
                assert_close(added, (expected + more).double(), rtol=1e-5, atol=1e-5)
                assert torch.equal(more, kept)
            assert packed(torch.randn(1, 3, columns).double()).dtype == torch.float32
    finally:
        torch.set_num_threads(before)


def second_layout(packed: Packed) -> object:
    return packed._slices


def test_a_second_layout_is_made_for_the_first_single_row_alone() -> None:
    packed = Packed(torch.randn(12, 8), single_rows=True)
    packed(torch.randn(2, 8))
    assert second_layout(packed) is None
    packed(torch.randn(1, 8))
    made = second_layout(packed)
    assert made is not None
    packed(torch.randn(1, 8))
    assert second_layout(packed) is made


def test_training_takes_no_second_layout() -> None:
    """The steps of a batch of one sentence take the same products as those of a larger batch."""
    model = small_model()
    decoder = model.decoder.prepare(torch.float32, many_steps=False)
    state = decoder.start(model.encoder(random_ids(4, 1, 13)))
    decoder.logits(decoder.step(torch.tensor([4]), state)[0])
    layers = [product for layer in decoder.stack.layers for product in layer]
    assert [second_layout(product) for product in (*layers, decoder.output)] == [None] * 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_products_with_gradients_are_the_plain_ones(dtype: torch.dtype) -> None:
    weight, inputs, gradients = (torch.randn(*shape).to(dtype) for shape in [(9, 7), (3, 4, 7), (3, 4, 9)])
    tolerance = 0.05 if dtype == torch.bfloat16 else 1e-5
    assert_close(linear(inputs, weight), F.linear(inputs, weight), rtol=tolerance, atol=tolerance)
    assert_close(linear(gradients, weight.t()), F.linear(gradients, weight.t()), rtol=tolerance, atol=tolerance)
    outer = torch.einsum("tbm,tbk->mk", gradients.float(), inputs.float())
    assert_close(weight_gradient(gradients, inputs).float(), outer, rtol=tolerance, atol=5 * tolerance)


def test_the_gradients_through_sigmoid_and_tanh_are_torchs() -> None:
    for function, backward in ((torch.sigmoid, sigmoid_backward), (torch.tanh, tanh_backward)):
        values, scale = torch.randn(50, dtype=torch.float64, requires_grad=True), torch.randn(50, dtype=torch.float64)
        result = function(values)
        (expected,) = torch.autograd.grad(result, values, scale)
        assert_close(backward(scale, result.detach(), torch.empty(50, dtype=torch.float64)), expected)
