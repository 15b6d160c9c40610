"""The matrix products that all recurrent layers and the output layer share.

torch sends float32 products to the BLAS library that it was built with. On AMD processors, oneDNN, which torch contains
for convolutions and for bfloat16, is up to 1.7 times as fast (docs/performance.md). So oneDNN is called directly where
possible, through the operators that torch's own compiler uses. They are private to torch and may change with any
release. Each is therefore tried once and compared with torch's public function, which is used if the trial fails.

Letters: `N` rows of a weight, `K` columns of a weight.
"""

import platform
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

Made = TypeVar("Made")

_KEPT: ContextVar[dict[Hashable, tuple[Tensor, Any]] | None] = ContextVar("kept", default=None)
_FEW = 1024  # the rows up to which `weight_gradient` is faster in the layout of the weight
_MANY = 64  # the number of rows that packed weights are laid out for; this layout was the fastest from 2 to 320 rows


@contextmanager
def keeping_prepared() -> Iterator[None]:
    """Keep the weights that are converted or laid out in the block: for passes between which no weight changes."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def converted(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a weight in a type, without a gradient: the same tensor for all passes of a `keeping_prepared` block."""
    return weight if weight.dtype == dtype else _prepared(weight, dtype, lambda: weight.detach().to(dtype))


def packed(weight: Tensor, bias: Tensor | None = None) -> "Packed":
    """Return a packed weight, which is laid out once for all passes of a `keeping_prepared` block."""
    made = _prepared(weight, Packed, lambda: Packed(weight))
    return made if bias is None else made.with_bias(bias)


def _prepared(weight: Tensor, purpose: Hashable, prepare: Callable[[], Made]) -> Made:
    kept = _KEPT.get()
    if kept is None:
        return prepare()
    key = id(weight), purpose
    if key not in kept:
        kept[key] = weight, prepare()  # the weight is kept, too, so that no other one gets its `id`
    made: Made = kept[key][1]
    return made


def as_type(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the values in a type; if they have it already, this is faster than `to`."""
    return values if values.dtype == dtype else values.to(dtype)


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return `inputs [..., K]` times `weight [N, K]` plus `bias [N]`, `[..., N]`: `F.linear` without a gradient."""
    # torch itself sends bfloat16 to oneDNN.
    if weight.dtype == torch.float32 and _is_for_onednn(weight) and (weight.is_contiguous() or _transposes_well()):
        return _onednn(inputs, weight, bias)
    return F.linear(inputs, weight, bias)


def weight_gradient(gradients: Tensor, inputs: Tensor) -> Tensor:
    """Return the sum over all rows of the outer products of `gradients [..., M]` and `inputs [..., K]`, `[M, K]`."""
    gradients, inputs = gradients.flatten(0, -2), inputs.flatten(0, -2)
    # The transposed result of oneDNN is copied into the layout of the weight, which few rows are not worth.
    if len(inputs) > _FEW and gradients.dtype == torch.float32 and _is_for_onednn(gradients) and _transposes_well():
        # inputs^T gradients, transposed: (K, rows) x (rows, M) -> (K, M) -> (M, K). oneDNN rearranges one of its two
        # arguments, and the inputs are faster to rearrange than the gradients, which are wider.
        return _onednn(inputs.t(), gradients.t(), None).t()
    return gradients.t() @ inputs


class Packed:
    """A weight `[N, K]` and its bias `[N]`, laid out once for many products with few rows each, without a gradient.

    With `single_rows`, for translating one sentence at a time, a product with one row of float32 on a CPU uses a second
    layout of the weight. The layout is made for the first such row, so that translating in batches does not pay for it,
    and takes as much memory as the weight itself. The results of the two layouts may differ in their last bits, so
    training does not use the second one.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, *, single_rows: bool = False) -> None:
        """Take the weight and the bias, detached. Later changes to them may or may not have an effect."""
        self.dtype = weight.dtype
        self.rows = len(weight)
        self._bias = None if bias is None else bias.detach()
        self._weight: Any = weight.detach()
        self._packed = _is_for_onednn(weight)
        if self._packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight.contiguous(), _MANY)
        has_second_layout = single_rows and weight.dtype == torch.float32 and weight.device.type == "cpu"
        self._single_row = torch.Size((1, weight.shape[1])) if has_second_layout else None
        self._slices: _Slices | None = None

    def with_bias(self, bias: Tensor) -> "Packed":
        """Return the same weight with another bias. Neither has a layout for single rows."""
        other = copy(self)
        other._bias = bias.detach()
        return other

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the product with `inputs [..., K]`, of any floating type, plus the bias: `[..., N]`."""
        inputs = as_type(inputs, self.dtype)
        if inputs.shape == self._single_row:
            return self._sliced().product(inputs)
        return (_onednn if self._packed else F.linear)(inputs, self._weight, self._bias)

    def plus(self, addend: Tensor, inputs: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the product with `inputs [B, K]` plus `addend [B, N]` and the bias, added up in `dtype`.

        The result is a new tensor, which may be written into.
        """
        if inputs.shape == self._single_row and self._bias is None:
            return as_type(self._sliced().plus(addend, as_type(inputs, self.dtype)), dtype)
        return as_type(self(inputs), dtype).add_(addend)

    def _sliced(self) -> "_Slices":
        """Return the second layout. Two threads may both make it at the same time; either result is kept."""
        slices = self._slices
        if slices is None:
            weight = self._weight.to_dense() if self._packed else self._weight
            self._slices = slices = _Slices(weight, self._bias, torch.get_num_threads())
        return slices


class _Slices:
    """A transposed weight, cut into slices of its outputs, one for each thread, for products with a single row.

    Such a product reads every number of the weight once and computes very little with it, so the speed of memory
    decides. BLAS multiplies a row and a transposed weight, `[K, N]`, at full speed, but with one thread. A batched
    product over slices, `[T, K, N / T]`, gives each of T threads a slice to read.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, count: int) -> None:
        """Lay out `weight [N, K]` and `bias [N]`. The last slice is padded with zeros; their results are cut off."""
        self._rows, columns = weight.shape
        size = -(-self._rows // count)
        rest = count * size - self._rows
        self._filled = rest > 0
        # numpy allocates memory in huge pages on Linux, which are read about 10 % faster than memory of torch.
        self._weight = torch.from_numpy(np.empty((count, columns, size), np.float32))
        self._weight.copy_(F.pad(weight, (0, 0, 0, rest)).view(count, size, columns).transpose(1, 2))
        self._bias = None if bias is None else F.pad(bias, (0, rest)).view(1, -1)
        self._whole = self._weight[0] if count == 1 else None
        self._inputs_shape, self._addend_shape = (count, 1, columns), (count, 1, size)

    def product(self, inputs: Tensor) -> Tensor:
        """Return the product with `inputs [1, K]`, plus the bias: `[1, N]`."""
        whole = self._product(inputs, self._bias)
        return whole[:, : self._rows] if self._filled else whole

    def plus(self, addend: Tensor, inputs: Tensor) -> Tensor:
        """Return the product with `inputs [1, K]` plus `addend [1, N]` instead of a bias: `[1, N]`."""
        return self.product(inputs).add_(addend) if self._filled else self._product(inputs, addend)

    def _product(self, inputs: Tensor, addend: Tensor | None) -> Tensor:
        """(1, K) times (T, K, n), plus (1, T n) -> (1, T n)."""
        if self._whole is not None:  # a single slice needs no views
            return inputs @ self._whole if addend is None else torch.addmm(addend, inputs, self._whole)
        inputs = inputs.expand(self._inputs_shape)
        if addend is None:
            return torch.bmm(inputs, self._weight).view(1, -1)
        # The results of the slices, (T, 1, n), are neighbours in memory: together they are one row.
        return torch.baddbmm(addend.view(self._addend_shape), inputs, self._weight).view(1, -1)


def _onednn(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise.default(inputs, weight, bias, "none", [], "")
    return product


def _is_for_onednn(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and _works(weight.dtype)


@cache
def _works(dtype: torch.dtype) -> bool:
    """Whether oneDNN's operators exist and agree with `F.linear` for weights of this type.

    False on kinds of processors on which the speed was not measured.
    """
    if dtype not in {torch.float32, torch.bfloat16} or platform.machine().lower() not in {"x86_64", "amd64"}:
        return False
    weight = torch.linspace(-1, 1, 24 * 40).view(24, 40).to(dtype)
    bias, inputs = weight[0, :24].contiguous(), weight[:8].contiguous()
    try:
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, _MANY)
        found = [_onednn(inputs, weight, bias), _onednn(inputs, packed, bias)]
        found.append(_onednn(inputs, packed.to_dense().t().contiguous().t(), bias))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False
    tolerance = 1e-5 if dtype == torch.float32 else 0.1
    expected = F.linear(inputs, weight, bias)
    return all(torch.allclose(each, expected, rtol=tolerance, atol=tolerance) for each in found)


@cache
def _transposes_well() -> bool:
    """Whether oneDNN is faster even for transposed float32 matrices, which it rearranges for each product."""
    return torch.backends.cpu.get_cpu_capability() == "AVX512"
