"""Embeddings of tokens, which may be scaled."""

import torch
from torch import Tensor, nn


class Embedding(nn.Embedding):
    """Vectors of tokens, `[V, E]`; if `scaled`, they are multiplied by sqrt(E) when they are read.

    A scaled embedding starts from N(0, 1 / E), and not from N(0, 1) as in torch. The first layer then reads numbers of
    the same size as without scaling, but an output layer that shares the weight starts with small logits (Vaswani et
    al. 2017, arXiv 1706.03762, section 3.4).
    """

    def __init__(self, count: int, size: int, *, scaled: bool) -> None:
        super().__init__(count, size)
        self.scale = size**0.5 if scaled else 1.0
        if scaled and not self.weight.is_meta:
            with torch.no_grad():
                self.weight /= self.scale

    def reset_parameters(self) -> None:
        """Draw the weights. Nothing is drawn on the meta device, where torch would import a lot of code to do so."""
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors of tokens: ids `[...]` -> `[..., E]`."""
        vectors = super().forward(input)
        return vectors if self.scale == 1 else vectors * self.scale

    def table(self) -> Tensor:
        """Return the vectors that `forward` returns for each token, `[V, E]`, without a gradient."""
        weight = self.weight.detach()
        return weight if self.scale == 1 else weight * self.scale

    @torch.no_grad()
    def set_vectors(self, ids: Tensor, vectors: Tensor) -> None:
        """Set the vectors `[N, E]` that `forward` returns for the tokens `ids [N]`."""
        self.weight[ids] = vectors / self.scale
