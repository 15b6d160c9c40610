"""The k largest of each row, in an order that is the same for every batch and device."""

import torch
from torch import Tensor

_SMALL = 64  # columns up to which sorting whole rows is the fastest


def largest(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest values of each row and their columns, both `[N, k]`; among equals the first wins.

    `torch.topk` is free to return any of several equal values, so its result is mended where there are some.
    Equal values of minus infinity are left as they come: nothing impossible is ever chosen.

    Args:
        values: `[N, M]`.
        k: at most M.
    """
    if values.shape[1] <= _SMALL:
        ordered, columns = values.sort(dim=1, descending=True, stable=True)
        return ordered[:, :k], columns[:, :k]
    if values.device.type != "cpu":
        return _first_among_equals(values, k)  # asking whether there are ties would make the host wait
    # One more than asked for shows whether the last one has an equal that was left out.
    top, columns = values.topk(min(k + 1, values.shape[1]), dim=1)
    tied = ((top[:, 1:] == top[:, :-1]) & (top[:, 1:] > -torch.inf)).any(dim=1)
    top, columns = top[:, :k], columns[:, :k]
    rows = tied.nonzero().flatten()
    if len(rows):
        top[rows], columns[rows] = _first_among_equals(values[rows], k)
    return top, columns


def _first_among_equals(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Do the same as `largest` with twice the work, but without asking the device anything."""
    columns = values.shape[1]
    threshold = values.topk(k, dim=1).values[:, -1:]  # (N, 1): right however ties were broken
    place = torch.arange(columns, device=values.device, dtype=torch.int32)
    # All keys of a row differ: what is above the threshold first, then what equals it, each left to right.
    key = (values > threshold).int() * (2 * columns) + (values == threshold).int() * columns - place
    chosen = key.topk(k, dim=1).indices.sort(dim=1).values  # (N, k), left to right again
    ordered, order = values.gather(1, chosen).sort(dim=1, descending=True, stable=True)
    return ordered, chosen.gather(1, order)
