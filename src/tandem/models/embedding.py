"""Embeddings of tokens, which may be scaled."""

import torch
from torch import Tensor, nn


class Embedding(nn.Embedding):
    """Vectors of tokens, `[V, E]`; where `scaled`, they are multiplied by sqrt(E) when they are read.

    A scaled embedding starts from N(0, 1 / E), where torch draws from N(0, 1). What the first layer reads is then as
    large as without scaling, but an output layer that shares the weight starts with small logits (Vaswani et al. 2017,
    arXiv 1706.03762, section 3.4).
    """

    def __init__(self, count: int, size: int, *, scaled: bool) -> None:
        super().__init__(count, size)
        self.scale = size**0.5 if scaled else 1.0
        if scaled and not self.weight.is_meta:
            with torch.no_grad():
                self.weight /= self.scale

    def reset_parameters(self) -> None:
        """Draw the weights. On the meta device nothing is drawn, because drawing there makes torch import much code."""
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors of tokens: ids `[...]` -> `[..., E]`."""
        vectors = super().forward(input)
        return vectors if self.scale == 1 else vectors * self.scale

    def table(self) -> Tensor:
        """Return what `forward` gives for each token, `[V, E]`, without a graph."""
        weight = self.weight.detach()
        return weight if self.scale == 1 else weight * self.scale

    @torch.no_grad()
    def set_vectors(self, ids: Tensor, vectors: Tensor) -> None:
        """Give tokens the vectors `[N, E]` that `forward` is to return for them, `ids [N]`."""
        self.weight[ids] = vectors / self.scale
