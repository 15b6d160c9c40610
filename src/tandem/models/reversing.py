"""Reversed sources (Sutskever et al. 2014, section 3.3)."""

import torch
from torch import Tensor


def reversed_sources(source: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each source of `source [S, B]`, of `lengths [B]`, except for its first and its last token.

    `<sos>`, `<eos>` and the padding thus keep their positions.
    """
    places = torch.arange(len(source), device=source.device)[:, None]  # (S, 1) against (B,) -> (S, B)
    last = lengths.to(source.device) - 1
    inside = (places > 0) & (places < last)
    return source.gather(0, torch.where(inside, last - places, places))
