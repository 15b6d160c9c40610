import pytest
import torch

from tandem.models.coins import draw_coins, expand_coins


@pytest.mark.parametrize(("by_token", "shape"), [(False, (7,)), (True, (7, 3))])
def test_coins_are_drawn_for_the_batch_or_for_each_sentence(by_token: bool, shape: tuple[int, ...]) -> None:
    coins = draw_coins(7, 3, 0.5, by_token=by_token)
    assert coins.shape == shape
    assert coins.dtype == torch.bool


@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.9, 1.0])
@pytest.mark.parametrize("by_token", [False, True])
def test_coins_come_up_true_as_often_as_the_ratio_says(ratio: float, by_token: bool) -> None:
    share = float(draw_coins(5000, 2, ratio, by_token=by_token).float().mean())
    assert share == ratio if ratio in {0.0, 1.0} else abs(share - ratio) < 0.03


def test_a_generator_decides_the_coins_alone() -> None:
    first = draw_coins(50, 4, 0.5, by_token=True, generator=torch.Generator().manual_seed(9))
    torch.manual_seed(77)
    again = draw_coins(50, 4, 0.5, by_token=True, generator=torch.Generator().manual_seed(9))
    assert torch.equal(first, again)
    assert not torch.equal(first, draw_coins(50, 4, 0.5, by_token=True))


@pytest.mark.parametrize("ratio", [-0.1, 1.01, float("nan")])
def test_a_ratio_outside_0_to_1_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=f"teacher_forcing_ratio is {ratio}; it must lie between 0 and 1"):
        draw_coins(3, 2, ratio, by_token=False)


def test_coins_of_the_batch_hold_for_each_sentence() -> None:
    coins = torch.tensor([True, False, True])
    assert torch.equal(expand_coins(coins, steps=3, batch=2), torch.stack([coins, coins], dim=1))
    by_token = torch.tensor([[True, False], [False, False], [True, True]])
    assert torch.equal(expand_coins(by_token, steps=3, batch=2), by_token)


@pytest.mark.parametrize("shape", [(4,), (2,), (3, 1), (2, 3), (3, 2, 1), ()])
def test_coins_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as caught:
        expand_coins(torch.ones(shape, dtype=torch.bool), steps=3, batch=2)
    assert str(caught.value) == f"coins have the shape {shape}; for these targets it must be (3,) or (3, 2)"
