"""The best continuations of each sentence's live hypotheses, out of all `[N, V]`.

Letters as in `beam`: `B` sentences, `W` live hypotheses of each, `N = B * W`, `V` vocabulary; and `G` groups
of `GROUP` neighbouring token ids, the last one filled up with ids that do not exist.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tandem.search.selection import largest
from tandem.search.stepper import S, Step

# Milliseconds for the best 10 at B=64, W=5, one CPU thread, best of 40 alternating runs (AMD EPYC, Zen 5):
#                                                           V=6000   V=30000
#     groups of 96, as here                                 0.9      2.3
#     torch.topk of each row, then of those of a sentence   1.8      8.3
#     scores in float32 written out, torch.topk             2.3      36
#     torch.log_softmax, scores written out, torch.topk     2.4      39
# Groups of 128 and of 192 are as fast, of 64 a fifth slower.
GROUP = 96
# Rows up to which `torch.argmax` is faster than going by groups, which takes a fifth of its time for many.
_FEW = 4


class Bans(NamedTuple):
    """The ids that are never put out."""

    ids: Tensor
    groups: Tensor  # the groups that hold them, each once


def make_bans(banned: Sequence[int], device: torch.device) -> Bans:
    """Return the bans for a search on a device."""
    groups = sorted({token // GROUP for token in banned})
    return Bans(
        torch.tensor(banned, dtype=torch.int64, device=device),
        torch.tensor(groups, dtype=torch.int64, device=device),
    )


class Continuations(NamedTuple):
    """One more token each, best first; `[B, M]`. Impossible ones have a score of minus infinity."""

    parents: Tensor
    """Which live hypothesis is continued, in 0..W-1."""
    tokens: Tensor
    token_scores: Tensor
    """The log-probability of each token."""
    scores: Tensor
    """The log-probability of each whole hypothesis."""


def best_continuations(
    step: Step[S], live_scores: Tensor, count: int, eos: int, bans: Bans, at_limit: Tensor | None
) -> Continuations:
    """Return the `count` best continuations, or all where there are fewer.

    Among equals the continuation of the better hypothesis comes first, then the lower token id.

    The best `count` tokens are in the `count` groups whose best tokens are best. So the logits are read once,
    for the best of each group, and only the chosen groups are looked into. Nothing else of the logits' size
    is made, and log-probabilities are computed for the chosen groups only.

    Args:
        step: the scores of all next tokens, N rows.
        live_scores: `[B, W]`, log-probabilities so far.
        count: how many are wanted.
        eos: the id that ends a hypothesis.
        bans: what is left out.
        at_limit: `[N]`, the rows in which only `<eos>` may follow; None for no row.
    """
    batch, width = live_scores.shape
    penalties = _penalties(step.logits, bans)
    in_groups = _group_maxima(step.logits, penalties, bans, eos, at_limit)  # (N, G)
    _, scores = _scores(in_groups, step.log_normaliser[:, None], live_scores.reshape(-1, 1))
    scores = scores.reshape(batch, -1)  # (N, G) -> (B, W * G)
    # From left to right again, so that the first among equals is the first in the end.
    chosen = largest(scores, min(count, scores.shape[1]))[1].sort(dim=1).values  # (B, C)

    parents, groups = chosen // in_groups.shape[1], chosen % in_groups.shape[1]
    rows = parents + torch.arange(0, batch * width, width, device=parents.device)[:, None]
    logits, starts = _blocks(step.logits, rows, groups)  # (B, C, size), (B, C)
    logits += penalties[groups]
    size = logits.shape[2]
    if at_limit is not None:
        tokens = starts[..., None] + torch.arange(size, device=starts.device)
        logits.masked_fill_(at_limit[rows][..., None] & (tokens != eos), -torch.inf)
    log_normaliser = step.log_normaliser[rows][..., None]
    token_scores, scores = _scores(logits, log_normaliser, live_scores.gather(1, parents)[..., None])
    scores, places = largest(scores.flatten(1), min(count, scores[0].numel()))
    in_chosen = places // size
    return Continuations(
        parents=parents.gather(1, in_chosen),
        tokens=starts.gather(1, in_chosen) + places % size,
        token_scores=token_scores.flatten(1).gather(1, places),
        scores=scores,
    )


def best_tokens(logits: Tensor, bans: Bans, eos: int, at_limit: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the most probable token of each row that is not banned, and its logit, both `[N]`.

    The first among equals. In the rows of `at_limit`, `[N]`, it is `<eos>`; None for no row.
    """
    if len(logits) < _FEW:
        best = logits.index_fill(1, bans.ids, -torch.inf).argmax(dim=1)
    else:
        penalties = _penalties(logits, bans)
        groups = _group_maxima(logits, penalties, bans, eos, at_limit).argmax(dim=1)
        in_group, starts = _blocks(logits, torch.arange(len(logits), device=logits.device), groups)
        best = starts + in_group.add_(penalties[groups]).argmax(dim=1)
    if at_limit is not None:
        best = best.masked_fill(at_limit, eos)
    return best, logits.gather(1, best[:, None]).squeeze(1)


def _penalties(logits: Tensor, bans: Bans) -> Tensor:
    """Return what is added to the logits of each group's block, `[G, size]`: 0, or minus infinity to leave one out."""
    vocabulary = logits.shape[1]
    penalties = logits.new_zeros(1, vocabulary).index_fill_(1, bans.ids, -torch.inf)
    groups = torch.arange(-(-vocabulary // GROUP), device=logits.device)
    penalties, _ = _blocks(penalties, torch.zeros_like(groups), groups)
    penalties[-1, : penalties.numel() - vocabulary] = -torch.inf  # what the last block has of the group before it
    return penalties


def _blocks(logits: Tensor, rows: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of groups, `[..., size]` for rows and groups `[...]`, and the first token of each block.

    All blocks are of one size, `GROUP` or the whole vocabulary where that is less, so that they are copied as a piece.
    The last group's reaches back into the group before it.
    """
    vocabulary = logits.shape[1]
    size = min(GROUP, vocabulary)
    starts = (groups * GROUP).clamp(max=vocabulary - size)
    return logits.unfold(1, size, 1)[rows, starts], starts  # (N, V - size + 1, size)


def _group_maxima(logits: Tensor, penalties: Tensor, bans: Bans, eos: int, at_limit: Tensor | None) -> Tensor:
    """Return the best possible logit of each group, `[N, G]`."""
    vocabulary = logits.shape[1]
    whole = vocabulary // GROUP
    maxima = logits[:, : whole * GROUP].reshape(len(logits), whole, GROUP).amax(dim=2)
    if whole * GROUP < vocabulary:
        maxima = torch.cat([maxima, logits[:, whole * GROUP :].amax(dim=1, keepdim=True)], dim=1)
    if len(bans.groups):
        rows = torch.arange(len(logits), device=logits.device)[:, None]
        allowed = _blocks(logits, rows, bans.groups)[0] + penalties[bans.groups]  # (N, groups, size)
        maxima.index_copy_(1, bans.groups, allowed.amax(dim=2))
    if at_limit is not None:
        maxima = maxima.masked_fill(at_limit[:, None], -torch.inf)
        group = eos // GROUP
        maxima[:, group] = torch.where(at_limit, logits[:, eos], maxima[:, group])
    return maxima


def _scores(logits: Tensor, log_normaliser: Tensor, live_scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities of tokens and of the hypotheses that they would make."""
    dtype = live_scores.dtype
    token_scores = logits.to(dtype) - log_normaliser.to(dtype)
    # Rows of which nothing is possible, and rows with a NaN, are NaN here: they have no continuation either.
    scores = token_scores + live_scores
    return token_scores, scores.masked_fill_(scores.isnan(), -torch.inf)
