"""Gradients that go into a flat row of memory while a backward pass computes them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor, nn


def row_width(parameters: Sequence[nn.Parameter]) -> int:
    """Return the number of all weights, which is the width of a row."""
    return sum(parameter.numel() for parameter in parameters)


def views_of(row: Tensor, parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """Return the part of a row that belongs to each parameter, in its shape."""
    parts = torch.split(row, [parameter.numel() for parameter in parameters])
    return [part.view_as(parameter) for part, parameter in zip(parts, parameters, strict=True)]


@contextmanager
def collecting(parameters: Sequence[nn.Parameter], row: Tensor, *, adding: bool = False) -> Iterator[None]:
    """Move the gradients of the block's backward pass into `row`, or add them to it; none is left at a parameter.

    Each gradient is moved while it is still in the cache, and its memory is used again for the next ones. What a
    parameter has before is a part of its gradient, and a parameter without one counts as 0.
    """
    waiting = dict(zip(parameters, views_of(row, parameters), strict=True))

    @torch.no_grad()
    def move(parameter: nn.Parameter, *, view: Tensor) -> None:
        gradient, parameter.grad = parameter.grad, None
        waiting.pop(parameter, None)
        if adding:
            view.add_(0 if gradient is None else gradient)
        elif gradient is None:
            view.zero_()
        else:
            view.copy_(gradient)

    with ExitStack() as stack:
        for parameter, view in waiting.items():
            handle = parameter.register_post_accumulate_grad_hook(partial(move, view=view))  # type: ignore[no-untyped-call]
            stack.callback(handle.remove)
        yield
    for parameter, view in list(waiting.items()):
        move(parameter, view=view)
