import pytest
import torch

from tandem.search import selection
from tandem.search.selection import largest


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("levels", [1, 2, 50, 10**9])
@pytest.mark.parametrize("columns", [1, 5, 64, 65, 1000])
def test_it_is_the_beginning_of_a_stable_sort(columns: int, levels: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(columns)
    values = torch.randint(levels, (20, columns), generator=generator).to(dtype)
    ordered, places = values.sort(dim=1, descending=True, stable=True)
    for k in {1, min(3, columns), columns}:
        for way in (largest, selection._first_among_equals):
            top, chosen = way(values, k)
            assert torch.equal(top, ordered[:, :k])
            assert torch.equal(chosen, places[:, :k])


def test_what_is_possible_comes_before_what_is_not() -> None:
    values = torch.full((2, 100), -torch.inf)
    values[0, 70] = values[0, 30] = -5.0
    top, places = largest(values, 4)
    assert top.tolist() == [[-5.0, -5.0, -torch.inf, -torch.inf], [-torch.inf] * 4]
    assert places[0, :2].tolist() == [30, 70]
