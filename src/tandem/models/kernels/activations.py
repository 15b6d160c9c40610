"""Element-wise functions and their gradients, in the form that torch computes fastest on a CPU."""

from functools import cache

import torch
from torch import Tensor


def tanh_(values: Tensor) -> Tensor:
    """Replace values by their tanh, several times faster than `torch.tanh` and within 1e-7 of it."""
    return values.mul_(2).sigmoid_().mul_(2).sub_(1)  # tanh x = 2 sigma(2 x) - 1


def sigmoid_backward(scale: Tensor, y: Tensor, out: Tensor) -> Tensor:
    """Write `scale * y * (1 - y)` into `out` and return it: the gradient through y = sigma(x)."""
    if _fused():
        return _fused_sigmoid_backward(scale, y, out)
    return torch.mul(scale, y * (1 - y), out=out)


def tanh_backward(scale: Tensor, y: Tensor, out: Tensor) -> Tensor:
    """Write `scale * (1 - y^2)` into `out` and return it: the gradient through y = tanh x."""
    if _fused():
        return _fused_tanh_backward(scale, y, out)
    return torch.mul(scale, 1 - y * y, out=out)


def _fused_sigmoid_backward(scale: Tensor, y: Tensor, out: Tensor) -> Tensor:
    result: Tensor = torch.ops.aten.sigmoid_backward.grad_input(scale, y, grad_input=out)
    return result


def _fused_tanh_backward(scale: Tensor, y: Tensor, out: Tensor) -> Tensor:
    result: Tensor = torch.ops.aten.tanh_backward.grad_input(scale, y, grad_input=out)
    return result


@cache
def _fused() -> bool:
    """Whether torch has its own operators for these gradients, which take one pass, and whether they are correct.

    They are not public, so each is tried once and compared with the plain formula.
    """
    scale, y = torch.linspace(-3, 3, 40), torch.linspace(-0.9, 0.9, 40)
    try:
        found = [_fused_sigmoid_backward(scale, y, torch.empty(40)), _fused_tanh_backward(scale, y, torch.empty(40))]
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False
    expected = [scale * y * (1 - y), scale * (1 - y * y)]
    return all(torch.allclose(one, other, atol=1e-5) for one, other in zip(found, expected, strict=True))
