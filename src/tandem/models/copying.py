"""Copying: the next token may be a token of the source (See, Liu & Manning 2017, arXiv 1704.04368).

P(w) = p P_vocabulary(w) + (1 - p) (the attention to all positions of the token w), their equation 9. The attention to
tokens that are never copied, such as `<eos>`, goes to the vocabulary, so that all probabilities add up to 1.

Letters: `B` sources, `S` source length, `N` rows, `V` vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from tandem.models.kernels.columns import largest_columns
from tandem.models.reversing import reversed_sources

NEVER = -1
"""The id of tokens that are never copied."""


class Copies(NamedTuple):
    """The extended ids of the tokens of sources: the id of a target token, or V + a position for any other token."""

    ids: Tensor
    """int64 `[B, S]`; `NEVER` for tokens that are not copied."""
    firsts: Tensor
    """int64 `[B, S]`, the first position with the same id."""
    columns: Tensor
    """int64 `[B, S]`, a different extended id for each position, so that a scatter writes to each column at most once.

    It is the position's own id where that comes first, and a free one elsewhere.
    """

    def turned(self, lengths: Tensor) -> "Copies":
        """Return the copies of sources of `lengths [B]` that are read in the opposite order.

        Ids and columns keep their values and move with their tokens. What was the first position of an id is then the
        last one, which serves as well.
        """
        last = (lengths - 1).to(self.firsts.device)
        ids, firsts, columns = (reversed_sources(part.T, lengths).T for part in self)
        inside = (firsts > 0) & (firsts < last[:, None])
        return Copies(ids, torch.where(inside, last[:, None] - firsts, firsts), columns)

    @classmethod
    def of(cls, numbers: Tensor, vocabulary: int) -> "Copies":
        """Return the copies of sources, given the numbers of their tokens, int64 `[S, B]`.

        A number is a target id, or any number from V on that is the same for the same text.
        """
        rows = numbers.T.contiguous()
        ordered, order = rows.sort(dim=1, stable=True)
        places = torch.arange(rows.shape[1], device=rows.device).expand_as(rows)
        begins = torch.ones_like(rows, dtype=torch.bool)
        begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        # After the stable sort, equal numbers are neighbours in the order of their positions. The cumulative maximum
        # carries the place at which a run of equal numbers begins to the whole run; `order` has its position there.
        begun = torch.where(begins, places, 0).cummax(dim=1).values
        firsts = torch.empty_like(rows).scatter_(1, order, order.gather(1, begun))
        ids = torch.where(rows < vocabulary, rows, vocabulary + firsts)
        # V + a position that is not the first of its text is no token's id, so such columns are free.
        return cls(ids, firsts, torch.where((ids != NEVER) & (firsts == places), ids, vocabulary + places))

    def select(self, sources: Tensor) -> "Copies":
        """Return the copies of these sources alone, int64 `[B']`."""
        return Copies(*(part.index_select(0, sources) for part in self))

    def join(self, other: "Copies", length: int, vocabulary: int) -> "Copies":
        """Return the copies of these sources and of others, with `length` positions each."""
        both = zip(self._resized(length, vocabulary), other._resized(length, vocabulary), strict=True)
        return Copies(*(torch.cat(parts) for parts in both))

    def _resized(self, length: int, vocabulary: int) -> "Copies":
        """Return the copies with `length` positions; new positions are never copied."""
        if self.ids.shape[1] >= length:
            return Copies(*(part[:, :length] for part in self))
        places = torch.arange(self.ids.shape[1], length, device=self.ids.device).expand(len(self.ids), -1)
        new = (torch.full_like(places, NEVER), places, vocabulary + places)
        return Copies(*(torch.cat(parts, dim=1) for parts in zip(self, new, strict=True)))


def mixed_logits(logits: Tensor, gate: Tensor, weights: Tensor, copies: Copies) -> Tensor:
    """Return the logits of the mixture over all extended ids, `[N, V + S]`, with a finite gradient.

    `logits [N, V]` are those of the vocabulary, `gate [N]` is the logit of p, and `weights [N, S]` are the attention to
    the positions of each row's source. `copies` has N rows, too.
    """
    places = torch.arange(weights.shape[1], device=weights.device)
    is_copied = copies.ids != NEVER
    is_first = is_copied & (copies.firsts == places)
    held = weights * is_copied
    mass = torch.zeros_like(held).scatter_add(1, copies.firsts, held)  # of each id, at its first position
    tiny = torch.finfo(weights.dtype).tiny
    elsewhere = (weights - held).sum(dim=1).clamp_min(tiny).log()
    generated = torch.logaddexp(logsigmoid(gate), logsigmoid(-gate) + elsewhere)
    # P(w) = g exp(logit w) / Z + (1 - p) mass(w), where g = p + (1 - p) elsewhere is the generated share. Multiplied by
    # Z / g, this is exp(logit w) + exp(scale) mass(w): tokens that are not copied keep their logits.
    scale = logsigmoid(-gate) - generated + logits.logsumexp(dim=1)
    copied = mass.clamp_min(tiny).log() + scale.unsqueeze(1)
    lowest = torch.finfo(logits.dtype).min / 4  # instead of minus infinity, which has no gradient
    wide = torch.cat([logits, logits.new_full(weights.shape, lowest)], dim=1)
    own = wide.gather(1, copies.columns)
    wide = wide.scatter(1, copies.columns, torch.where(is_first, torch.logaddexp(own, copied), own))
    return wide.masked_fill(wide <= lowest, -torch.inf)


def best_fed_back(logits: Tensor, vocabulary: int) -> Tensor:
    """Return the ids `[N]` that a decoder reads for the most probable extended ids of `logits [N, V + S]`."""
    return fed_back(largest_columns(logits), vocabulary)


def fed_back(tokens: Tensor, vocabulary: int) -> Tensor:
    """Return the ids that a decoder reads for extended ids: `<unk>`, which is 0, for tokens outside the vocabulary."""
    return tokens.masked_fill(tokens >= vocabulary, 0)
