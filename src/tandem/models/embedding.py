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
        self.scaled = scaled
        if scaled:
            with torch.no_grad():
                self.weight /= size**0.5

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors of tokens: ids `[...]` -> `[..., E]`."""
        vectors = super().forward(input)
        return vectors * self.embedding_dim**0.5 if self.scaled else vectors

    def table(self) -> Tensor:
        """Return what `forward` gives for each token, `[V, E]`, without a graph."""
        weight = self.weight.detach()
        return weight * self.embedding_dim**0.5 if self.scaled else weight
