"""How a model's weights start."""

from torch import nn


def initialise(module: nn.Module, init_range: float | None) -> None:
    """Draw every parameter from U(-init_range, init_range); None leaves them as torch drew them."""
    if init_range is not None:
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -init_range, init_range)
