"""The best tokens of each row of logits, in an order that is the same for every batch and device.

Letters: `N` rows, `V` vocabulary, `C` requested tokens, `G` whole groups of `GROUP` neighbouring ids.
"""

import torch
from torch import Tensor

GROUP = 32
_FEW_ROWS = 16
"""With fewer rows than this, searching whole rows is faster than searching groups."""
_SMALL = 64
"""Up to this many columns, sorting whole rows is the fastest."""


def top_tokens(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest logits of each row and their ids, `[N, C]` each, or all V if there are fewer.

    The largest comes first, and among equals the lowest id. The best `count` tokens lie in the `count` groups with the
    largest maxima: every other group has a maximum below `count` others, which are tokens themselves. So all logits are
    read only once, for the maxima of the groups, and then only the chosen groups are searched.
    """
    rows, vocabulary = logits.shape
    whole = vocabulary // GROUP
    if rows < _FEW_ROWS or whole <= 2 * count:
        if count == 1 and logits.device.type == "cpu" and logits.dtype == torch.float32:
            # numpy finds a maximum several times as fast as torch.
            best = torch.from_numpy(logits.numpy().argmax(axis=1, keepdims=True))
            return logits.gather(1, best), best
        return largest(logits, min(count, vocabulary))
    groups = logits[:, : whole * GROUP].view(rows, whole, GROUP)
    chosen = largest(groups.amax(dim=2), count)[1].sort(dim=1).values  # (N, C): left to right again
    blocks = groups[torch.arange(rows, device=logits.device)[:, None], chosen]  # (N, C, GROUP)
    tail = logits[:, whole * GROUP :]  # the last ids, fewer than a group
    values, places = largest(torch.cat([blocks.flatten(1), tail], dim=1), count)
    # From a place among the chosen groups to an id. Place `count * GROUP + i` is the i-th of the tail.
    group = places // GROUP
    in_group = chosen.gather(1, group.clamp(max=count - 1)) * GROUP + places % GROUP
    return values, torch.where(group < count, in_group, places + (whole - count) * GROUP)


def largest(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest values of each row and their columns, `[N, C]` each; among equals the first wins.

    `torch.topk` may return any of several equal values, so rows with equal values are computed again. Equal values of
    minus infinity stay in any order, because impossible tokens are never chosen. `count` is at most the number of
    columns.
    """
    if count == 1:
        top, columns = values.max(dim=1, keepdim=True)
        return top, columns
    if values.shape[1] <= _SMALL:
        ordered, columns = values.sort(dim=1, descending=True, stable=True)
        return ordered[:, :count], columns[:, :count]
    if values.device.type != "cpu":
        return _first_among_equals(values, count)  # checking for ties would make the host wait for the GPU
    # One more than requested shows whether the last value has an equal that was left out.
    top, columns = values.topk(min(count + 1, values.shape[1]), dim=1)
    tied = ((top[:, 1:] == top[:, :-1]) & (top[:, 1:] > -torch.inf)).any(dim=1)
    top, columns = top[:, :count], columns[:, :count]
    if tied.any():
        rows = tied.nonzero().flatten()
        top[rows], columns[rows] = _first_among_equals(values[rows], count)
    return top, columns


def _first_among_equals(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Do the same as `largest` with twice the work, but without reading a value back from the device."""
    columns = values.shape[1]
    threshold = values.topk(count, dim=1).values[:, -1:]  # (N, 1): right however ties were broken
    place = torch.arange(columns, device=values.device, dtype=torch.int32)
    # A key for each column, all different in a row: the columns above the threshold have the largest keys, then come
    # those that equal it, and within each kind the keys fall from left to right.
    key = (values > threshold).int() * (2 * columns) + (values == threshold).int() * columns - place
    chosen = key.topk(count, dim=1).indices.sort(dim=1).values  # (N, C), left to right again
    ordered, order = values.gather(1, chosen).sort(dim=1, descending=True, stable=True)
    return ordered, chosen.gather(1, order)
