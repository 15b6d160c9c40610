"""The additive score in blocks is the additive score."""

import pytest
import torch
from torch import Tensor

from tandem.models.kernels import additive
from tandem.models.kernels.additive import AdditiveScores


def written_out(queries: Tensor, keys: Tensor, vector: Tensor) -> Tensor:
    return (queries.unsqueeze(2) + keys.unsqueeze(1)).sigmoid() @ vector


@pytest.mark.parametrize("block", [1, 60, 10**6])
def test_blocks_of_any_size_give_the_scores_and_their_gradients(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(additive, "_BLOCK", block)
    torch.manual_seed(1)
    shapes = (3, 4, 5), (3, 2, 5), (5,)
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    torch.testing.assert_close(AdditiveScores.apply(*given), written_out(*given))  # type: ignore[no-untyped-call]
    assert torch.autograd.gradcheck(AdditiveScores.apply, given)


@pytest.mark.parametrize("shape", [(0, 4, 2), (3, 0, 2), (3, 4, 0)])
def test_nothing_to_compare_is_no_error(shape: tuple[int, int, int]) -> None:
    batch, queries, positions = shape
    scores = AdditiveScores.apply(torch.zeros(batch, queries, 5), torch.zeros(batch, positions, 5), torch.zeros(5))  # type: ignore[no-untyped-call]
    assert scores.shape == shape
