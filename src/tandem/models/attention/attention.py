"""Attention: each state of the decoder looks at all positions of its source.

There is no input feeding: no step reads the previous context, so all steps of a target are computed at once.

Letters: `B` sources, `S` source length, `Q` queries of each source, `N` rows of a step, `H` decoder size, `M` size of a
position, `D` size of the result.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tandem.models.attention.memory import Memory, Owners
from tandem.models.attention.scores import Score, new_score
from tandem.models.copying import Copies
from tandem.models.kernels.products import Packed, as_type
from tandem.names import AttentionScore


class Attention(nn.Module):
    """A score, and the layer that joins the context with the decoder's output.

    The result is tanh(W [context; output]) (Luong et al. 2015, arXiv 1508.04025, equation 5).
    """

    def __init__(self, score: AttentionScore, query_size: int, memory_size: int, output_size: int) -> None:
        super().__init__()
        self.memory_size = memory_size
        self.score: Score = new_score(score, query_size, memory_size)
        self.join = nn.Linear(memory_size + query_size, output_size, bias=False)

    def remember(self, outputs: Tensor, lengths: Tensor | None, copies: Copies | None = None) -> Memory:
        """Lay out an encoder's `outputs [S, B, M]` for sources of `lengths [B]`; None if all have the length S.

        A decoder that copies needs the `copies` of the sources.
        """
        values = outputs.transpose(0, 1).contiguous()
        bias = values.new_zeros(values.shape[0], 1, values.shape[1])
        if lengths is not None:
            behind = torch.arange(len(outputs), device=outputs.device) >= lengths.to(outputs.device)[:, None]  # (B, S)
            bias.masked_fill_(behind[:, None], -torch.inf)
        return Memory(self.score.keys(values), values, bias, copies)

    def look(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Return the contexts `[B, Q, M]` and the weights `[B, Q, S]` of `queries [B, Q, H]`."""
        weights = self.compare(queries, memory).softmax(dim=2)
        return read_memory(weights, memory), weights

    def compare(self, queries: Tensor, memory: Memory) -> Tensor:
        """Return the logits `[B, Q, S]` of the attention weights of `queries [B, Q, H]`."""
        return _compare(self.score, queries if self.score.query is None else self.score.query(queries), memory)

    def joined(self, contexts: Tensor, outputs: Tensor) -> Tensor:
        """Return the inputs of the output layer: contexts `[..., M]` and decoder outputs `[..., H]` -> `[..., D]`."""
        return torch.tanh(self.join(torch.cat([contexts, outputs], dim=-1)))

    def prepare(self, dtype: torch.dtype, *, single_rows: bool) -> "PreparedAttention":
        """Convert the weights to `dtype` and lay them out for single steps; `single_rows` as for `Packed`."""
        query = self.score.query
        return PreparedAttention(
            self.score,
            None if query is None else Packed(query.weight.to(dtype), query.bias.to(dtype), single_rows=single_rows),
            Packed(self.join.weight.to(dtype), single_rows=single_rows),
        )


class PreparedAttention(NamedTuple):
    """Attention without a gradient, for the rows of a step."""

    score: Score
    query: Packed | None
    join: Packed

    def owners(self, memory: Memory) -> Owners:
        """Return the owners of one row for each source of a memory, which is converted to the type of the products."""
        keys, values = (as_type(part.detach(), self.join.dtype) for part in (memory.keys, memory.values))
        rows = torch.arange(len(values), device=values.device)
        return Owners.of(rows, memory._replace(keys=keys, values=values))

    def look(self, queries: Tensor, owners: Owners) -> tuple[Tensor, Tensor]:
        """Return the contexts `[N, M]` of `queries [N, H]`, each from its own source, and the weights `[B, Q, S]`.

        `owners.gather` turns the weights into `[N, S]`.
        """
        weights = _compare(self.score, owners.spread(self._projected(queries)), owners.memory).softmax(dim=2)
        return as_type(owners.gather(read_memory(weights, owners.memory)), queries.dtype), weights

    def weights(self, queries: Tensor, owners: Owners) -> Tensor:
        """Return the attention weights `[N, S]` of `queries [N, H]` to the positions of their sources."""
        return owners.gather(self.look(queries, owners)[1])

    def joined(self, contexts: Tensor, outputs: Tensor) -> Tensor:
        """Return the inputs of the output layer: contexts `[N, M]` and decoder outputs `[N, H]` -> `[N, D]`."""
        return torch.tanh(as_type(self.join(torch.cat([contexts, outputs], dim=-1)), outputs.dtype))

    def _projected(self, queries: Tensor) -> Tensor:
        return queries if self.query is None else as_type(self.query(queries), queries.dtype)


def _compare(score: Score, queries: Tensor, memory: Memory) -> Tensor:
    # Products run in the type of the memory, the softmax in that of the model.
    scores = score.compare(as_type(queries, memory.keys.dtype), memory.keys)
    return as_type(scores, memory.bias.dtype) + memory.bias


def read_memory(weights: Tensor, memory: Memory) -> Tensor:
    """Return the mean of the positions of each source under `weights [B, Q, S]`: `[B, Q, M]`."""
    return torch.bmm(as_type(weights, memory.values.dtype), memory.values)
