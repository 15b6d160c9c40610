"""The initial weights of a model."""

from torch import Tensor, nn


def initialise(module: nn.Module, init_range: float | None, *, but: Tensor | None = None) -> None:
    """Draw every parameter from U(-init_range, init_range); None leaves them as torch drew them.

    `but` is left out: another module has drawn it already.
    """
    if init_range is not None:
        for parameter in module.parameters():
            if parameter is not but:
                nn.init.uniform_(parameter, -init_range, init_range)
