"""The scores with which attention compares a decoder's state and the positions of a source, one class each.

Letters: `B` sources, `S` source length, `Q` queries of each source, `H` size of a query, `M` size of a position.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from tandem.models.kernels.additive import AdditiveScores
from tandem.names import AttentionScore


class Score(nn.Module):
    """A score of positions: a projection of the memory, made once for each source, one of queries, and a comparison."""

    def __init__(self, query: nn.Linear | None = None) -> None:
        """Take the projection of queries, if the score has one."""
        super().__init__()
        self.query = query

    def keys(self, memory: Tensor) -> Tensor:
        """Return the keys that queries are compared with: `[B, S, M]` -> `[B, S, A]`."""
        raise NotImplementedError

    def compare(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores `[B, Q, S]` of projected `queries [B, Q, A]`, up to a constant for each query.

        The softmax over positions removes such a constant.
        """
        return torch.bmm(queries, keys.transpose(1, 2))


class DotScore(Score):
    """The dot product of the query and a position (Luong et al. 2015, arXiv 1508.04025, equation 8: "dot")."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        """Raise ValueError if the two sizes differ."""
        super().__init__()
        if query_size != memory_size:
            raise ValueError(
                f"the score dot needs encoder outputs and decoder states of the same size, but they have {memory_size} "
                f"and {query_size}: use the score general, or an encoder with other sizes"
            )

    def keys(self, memory: Tensor) -> Tensor:
        """Return the memory itself."""
        return memory


class GeneralScore(Score):
    """The product query x weight x position (Luong et al. 2015, equation 8: "general")."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.memory = nn.Linear(memory_size, query_size, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        """Return the product of the weight and each position, so that queries need no projection."""
        projected: Tensor = self.memory(memory)
        return projected


class AdditiveScore(Score):
    """The sum v tanh(W query + U position) (Bahdanau et al. 2015, arXiv 1409.0473, appendix A.1.2)."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(nn.Linear(query_size, query_size))
        self.memory = nn.Linear(memory_size, query_size, bias=False)
        self.vector = nn.Parameter(torch.empty(query_size).uniform_(-(query_size**-0.5), query_size**-0.5))

    def keys(self, memory: Tensor) -> Tensor:
        """Return U times each position."""
        projected: Tensor = self.memory(memory)
        return projected

    def compare(self, queries: Tensor, keys: Tensor) -> Tensor:
        """See `Score.compare`."""
        # tanh x = 2 sigma(2 x) - 1. The -1 adds the same constant to all scores of a query, so it is left out. torch's
        # sigmoid is several times as fast as its tanh.
        vector = (self.vector * 2).to(keys.dtype)
        return AdditiveScores.apply(queries * 2, keys * 2, vector)  # type: ignore[no-any-return, no-untyped-call]


SCORES: Mapping[AttentionScore, Callable[[int, int], Score]] = {
    "dot": DotScore,
    "general": GeneralScore,
    "additive": AdditiveScore,
}


def new_score(name: AttentionScore, query_size: int, memory_size: int) -> Score:
    """Make an untrained score. Raise ValueError for an unknown name or sizes that do not fit."""
    if name not in SCORES:
        raise ValueError(f"attention_score is {name!r}; it must be one of {', '.join(SCORES)}")
    return SCORES[name](query_size, memory_size)
