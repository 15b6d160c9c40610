"""The coins of teacher forcing: they decide for each step whether the next input is the true token."""

import torch
from torch import Tensor


def draw_coins(
    steps: int, batch: int, ratio: float, *, by_token: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Draw coins that come up true with probability `ratio`.

    Return bool `[steps]`, one coin for the whole batch as in the tutorial's loop. With `by_token`, return bool
    `[steps, batch]`, one coin for each sentence (Bengio et al. 2015, section 2.4). Coin t decides the input of step
    t + 1. Raise ValueError for a ratio outside 0 to 1.
    """
    if not 0 <= ratio <= 1:
        raise ValueError(f"teacher_forcing_ratio is {ratio}; it must lie between 0 and 1")
    shape = (steps, batch) if by_token else (steps,)
    return torch.rand(shape, generator=generator) < ratio


def expand_coins(coins: Tensor, *, steps: int, batch: int) -> Tensor:
    """Return coins as bool `[steps, batch]` on the CPU, where a loop can read them.

    Raise ValueError for coins that are neither `[steps]` nor `[steps, batch]`.
    """
    if coins.shape not in {(steps,), (steps, batch)}:
        raise ValueError(
            f"coins have the shape {tuple(coins.shape)}; for these targets it must be ({steps},) or ({steps}, {batch})"
        )
    coins = coins.to("cpu", torch.bool)
    return coins if coins.dim() == 2 else coins.unsqueeze(1).expand(steps, batch)
