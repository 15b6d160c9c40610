"""The matrix products that all recurrent layers and the output layer share.

torch sends float32 products to the BLAS library that it was built with. On AMD processors oneDNN, which torch carries
for its convolutions and for bfloat16, is up to 1.7 times as fast (docs/performance.md), so where it is there it is
asked directly, through the operators that torch's own compiler uses.
"""

import platform
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def _types() -> frozenset[torch.dtype]:
    """The types in which oneDNN can be asked for products: none on processors on which this was never tried."""
    tried = platform.machine().lower() in {"x86_64", "amd64"}
    if not tried or getattr(torch.ops.mkldnn, "_reorder_linear_weight", None) is None:
        return frozenset()
    low = {torch.bfloat16} if torch.ops.mkldnn._is_mkldnn_bf16_supported() else set()
    return frozenset({torch.float32} | low)


_TYPES = _types()
# Transposed float32 matrices, which oneDNN lays out anew, are faster so with AVX-512 only.
_TRANSPOSED = torch.float32 in _TYPES and torch.backends.cpu.get_cpu_capability() == "AVX512"
_MANY = 64  # rows that packed weights are laid out for; that layout was the best from 2 to 320 rows


def _onednn(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise.default(inputs, weight, bias, "none", [], "")
    return product


def _asks_onednn(weight: Tensor) -> bool:
    return weight.dtype in _TYPES and weight.device.type == "cpu"


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`inputs [..., K]`, `weight [N, K]`, `bias [N]` -> [..., N]. As `F.linear`, but without a gradient."""
    # bfloat16 goes to oneDNN by way of torch, too.
    if weight.dtype == torch.float32 and _asks_onednn(weight) and (weight.is_contiguous() or _TRANSPOSED):
        return _onednn(inputs, weight, bias)
    return F.linear(inputs, weight, bias)


class Packed:
    """A weight [N, K] and its bias [N], laid out once for many products with few rows each."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """They are taken as they are, detached; later changes to them need not show."""
        self.dtype = weight.dtype
        self.rows = len(weight)
        self._bias = None if bias is None else bias.detach()
        self._weight: Any = weight.detach()
        self._packed = _asks_onednn(weight)
        if self._packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight.contiguous(), _MANY)

    def __call__(self, inputs: Tensor) -> Tensor:
        """`inputs [..., K]`, of any floating type, -> [..., N] in the weight's."""
        inputs = inputs.to(self.dtype)
        return (_onednn if self._packed else F.linear)(inputs, self._weight, self._bias)


def weight_gradient(gradients: Tensor, inputs: Tensor) -> Tensor:
    """The sum over all rows of the outer products of `gradients [..., M]` and `inputs [..., K]`, [M, K]."""
    gradients, inputs = gradients.flatten(0, -2), inputs.flatten(0, -2)
    if gradients.dtype == torch.float32 and _TRANSPOSED and _asks_onednn(gradients):
        # oneDNN takes the inputs as its weight, which it multiplies with faster than with the wider gradients.
        return _onednn(inputs.t(), gradients.t(), None).t()
    return gradients.t() @ inputs
