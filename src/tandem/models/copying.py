"""Copying: the tokens of a source have a share in what follows (See, Liu & Manning 2017, arXiv 1704.04368).

P(w) = p P_vocabulary(w) + (1 - p) (the attention to all positions that hold w), their equation 9. The attention to what
is never copied, such as `<eos>`, goes to the vocabulary, so that all probabilities add up to 1.

Letters: `B` sources, `S` source length, `N` rows, `V` vocabulary, `D` what the output layer reads.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from tandem.models.kernels.columns import largest_columns
from tandem.models.reversing import reversed_sources

NEVER = -1
"""The id of what is never copied."""


class Copies(NamedTuple):
    """What each position of a source is, as an extended id: that of a target token, or V + a position."""

    ids: Tensor
    """int64 `[B, S]`; `NEVER` for what is not copied."""
    firsts: Tensor
    """int64 `[B, S]`, the first position with the same id."""
    columns: Tensor
    """int64 `[B, S]`, an extended id for each position, all different: its id at the first position, or a free one."""

    def turned(self, lengths: Tensor) -> "Copies":
        """Return the copies of sources of `lengths [B]` that are read from their other end.

        Ids and columns stay what they are. The position that came first then comes last.
        """
        last = (lengths - 1).to(self.firsts.device)
        ids, firsts, columns = (reversed_sources(part.T, lengths).T for part in self)
        inside = (firsts > 0) & (firsts < last[:, None])
        return Copies(ids, torch.where(inside, last[:, None] - firsts, firsts), columns)

    @classmethod
    def of(cls, numbers: Tensor, vocabulary: int) -> "Copies":
        """Return the copies of sources, from the numbers of their tokens, int64 `[S, B]`.

        A number is a target id, or anything from V on that is the same where the text is the same.
        """
        rows = numbers.T.contiguous()
        ordered, order = rows.sort(dim=1, stable=True)
        places = torch.arange(rows.shape[1], device=rows.device).expand_as(rows)
        begins = torch.ones_like(rows, dtype=torch.bool)
        begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        # Equal numbers stand side by side in the order of their positions, so that the first one is where they begin.
        begun = torch.where(begins, places, 0).cummax(dim=1).values
        firsts = torch.empty_like(rows).scatter_(1, order, order.gather(1, begun))
        ids = torch.where(rows < vocabulary, rows, vocabulary + firsts)
        # No id is V + a position that is not the first of its text.
        return cls(ids, firsts, torch.where((ids != NEVER) & (firsts == places), ids, vocabulary + places))

    def select(self, sources: Tensor) -> "Copies":
        """Return the copies of these sources alone, int64 `[B']`."""
        return Copies(*(part.index_select(0, sources) for part in self))

    def join(self, other: "Copies", length: int, vocabulary: int) -> "Copies":
        """Return the copies of these sources and of others, with so many positions each."""
        both = zip(self._resized(length, vocabulary), other._resized(length, vocabulary), strict=True)
        return Copies(*(torch.cat(parts) for parts in both))

    def _resized(self, length: int, vocabulary: int) -> "Copies":
        """Return the copies with so many positions, of which new ones are not copied."""
        if self.ids.shape[1] >= length:
            return Copies(*(part[:, :length] for part in self))
        places = torch.arange(self.ids.shape[1], length, device=self.ids.device).expand(len(self.ids), -1)
        new = (torch.full_like(places, NEVER), places, vocabulary + places)
        return Copies(*(torch.cat(parts, dim=1) for parts in zip(self, new, strict=True)))


def mixed_logits(logits: Tensor, gate: Tensor, weights: Tensor, copies: Copies) -> Tensor:
    """Return the logits of the mixture over all extended ids, `[N, V + S]`, with a gradient that is finite.

    `logits [N, V]` are the vocabulary's, `gate [N]` the logit of p, and `weights [N, S]` the attention to the positions
    of each row's source, which has the `copies`, of N rows.
    """
    places = torch.arange(weights.shape[1], device=weights.device)
    is_copied = copies.ids != NEVER
    is_first = is_copied & (copies.firsts == places)
    held = weights * is_copied
    mass = torch.zeros_like(held).scatter_add(1, copies.firsts, held)  # of each id, at its first position
    tiny = torch.finfo(weights.dtype).tiny
    elsewhere = (weights - held).sum(dim=1).clamp_min(tiny).log()
    generated = torch.logaddexp(logsigmoid(gate), logsigmoid(-gate) + elsewhere)
    # All probabilities are divided by the generated share, which leaves the logits of most tokens as they are.
    scale = logsigmoid(-gate) - generated + logits.logsumexp(dim=1)
    copied = mass.clamp_min(tiny).log() + scale.unsqueeze(1)
    lowest = torch.finfo(logits.dtype).min / 4  # instead of minus infinity, which has no gradient
    wide = torch.cat([logits, logits.new_full(weights.shape, lowest)], dim=1)
    own = wide.gather(1, copies.columns)
    wide = wide.scatter(1, copies.columns, torch.where(is_first, torch.logaddexp(own, copied), own))
    return wide.masked_fill(wide <= lowest, -torch.inf)


def best_fed_back(logits: Tensor, vocabulary: int) -> Tensor:
    """Return what a decoder reads after the most probable of extended ids, from `logits [N, V + S]`: `[N]`."""
    return fed_back(largest_columns(logits), vocabulary)


def fed_back(tokens: Tensor, vocabulary: int) -> Tensor:
    """Return what a decoder reads after extended ids: `<unk>`, which has the id 0, in place of what was copied."""
    return tokens.masked_fill(tokens >= vocabulary, 0)
