"""The matrix products that the backward passes of all recurrent layers share."""

import torch
from torch import Tensor


def input_gradients(grad_gates: Tensor, weight_ih: Tensor, dtype: torch.dtype) -> Tensor:
    """(T, B, G) x (G, E) -> (T, B, E), in `dtype`."""
    return (grad_gates @ weight_ih).to(dtype)


def weight_gradients(grad_gates: Tensor, inputs: Tensor, dtype: torch.dtype) -> Tensor:
    """(T * B, G)^T x (T * B, E) -> (G, E), in `dtype`: the sum over all steps and rows in one product."""
    return (grad_gates.flatten(0, 1).t() @ inputs.flatten(0, 1)).to(dtype)
