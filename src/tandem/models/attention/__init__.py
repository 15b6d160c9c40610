"""Attention: its scores, its memory, and its position among the layers of the decoder."""

from collections.abc import Mapping

from tandem.models.attention.attention import Attention, PreparedAttention, read_memory
from tandem.models.attention.memory import Memory, Owners
from tandem.models.attention.scores import SCORES, Score
from tandem.names import AttentionKind

LAYERS_BELOW: Mapping[AttentionKind, int | None] = {"luong": None, "gnmt": 1}
"""The number of a decoder's layers below attention; None for all layers.

With `luong`, the queries are the outputs of the last layer (Luong et al. 2015, arXiv 1508.04025, section 3). With
`gnmt`, they are those of the first layer, and the layers above also read the context (Wu et al. 2016, arXiv 1609.08144,
section 3).
"""


def layers_below(kind: AttentionKind, layers: int) -> int:
    """Return the number of a decoder's layers below attention. Raise ValueError for an unknown kind."""
    if kind not in LAYERS_BELOW:
        raise ValueError(f"attention is {kind!r}; it must be one of {', '.join(LAYERS_BELOW)}")
    return LAYERS_BELOW[kind] or layers


__all__ = ["SCORES", "Attention", "Memory", "Owners", "PreparedAttention", "Score", "layers_below", "read_memory"]
