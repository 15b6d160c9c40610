import pytest
import torch

from tandem.engines import selection
from tandem.engines.selection import GROUP, largest, top_tokens


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("levels", [1, 2, 50, 10**6])
@pytest.mark.parametrize("count", [1, 2, 10, 5000])
@pytest.mark.parametrize("rows", [1, 16])
@pytest.mark.parametrize("vocabulary", [5, GROUP + 1, 21 * GROUP, 30 * GROUP + 5])
def test_they_are_the_first_of_each_row_in_order(
    vocabulary: int, rows: int, count: int, levels: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(vocabulary)
    logits = torch.randint(levels, (rows, vocabulary), generator=generator).to(dtype) / levels
    logits[:, 1] = -torch.inf
    ordered, places = logits.sort(dim=1, descending=True, stable=True)
    values, tokens = top_tokens(logits, count)
    assert values.shape == tokens.shape == (rows, min(count, vocabulary))
    possible = values > -torch.inf
    assert torch.equal(values, ordered[:, :count])
    assert torch.equal(tokens[possible], places[:, :count][possible])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("levels", [1, 2, 50, 10**9])
@pytest.mark.parametrize("columns", [1, 5, 64, 65, 1000])
def test_the_largest_are_the_beginning_of_a_stable_sort(columns: int, levels: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(columns)
    values = torch.randint(levels, (20, columns), generator=generator).to(dtype)
    ordered, places = values.sort(dim=1, descending=True, stable=True)
    for count in {1, min(3, columns), columns}:
        for way in (largest, selection._first_among_equals):
            top, chosen = way(values, count)
            assert torch.equal(top, ordered[:, :count])
            assert torch.equal(chosen, places[:, :count])


def test_what_is_possible_comes_before_what_is_not() -> None:
    values = torch.full((2, 100), -torch.inf)
    values[0, 70] = values[0, 30] = -5.0
    top, places = largest(values, 4)
    assert top.tolist() == [[-5.0, -5.0, -torch.inf, -torch.inf], [-torch.inf] * 4]
    assert places[0, :2].tolist() == [30, 70]
