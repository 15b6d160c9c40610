"""The largest columns are those that argmax finds, ties and ragged widths included."""

import pytest
import torch

from tandem.models.kernels.columns import largest_columns


@pytest.mark.parametrize("columns", [1, 2, 63, 64, 65, 128, 200, 5893])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_are_argmaxs(columns: int, dtype: torch.dtype) -> None:
    values = torch.randn(50, columns, dtype=dtype)
    assert torch.equal(largest_columns(values), values.argmax(dim=1))


@pytest.mark.parametrize("columns", [3, 64, 130])
def test_the_first_among_equals_wins(columns: int) -> None:
    values = torch.randint(0, 3, (200, columns)).float()
    first = (values == values.amax(dim=1, keepdim=True)).int().argmax(dim=1)
    assert torch.equal(largest_columns(values), first)
