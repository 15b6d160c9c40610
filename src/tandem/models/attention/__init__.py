"""Attention: its scores, its memory, and after which layer of the decoder it looks at the source."""

from collections.abc import Mapping

from tandem.models.attention.attention import Attention, PreparedAttention, read_memory
from tandem.models.attention.memory import Memory, Owners
from tandem.models.attention.scores import SCORES, Score
from tandem.names import AttentionKind

LAYERS_BELOW: Mapping[AttentionKind, int | None] = {"luong": None, "gnmt": 1}
"""How many of a decoder's layers lie below attention; None for all of them.

`luong` looks with the output of the last layer (Luong et al. 2015, arXiv 1508.04025, section 3). `gnmt` looks with that
of the first, and the layers above read the context, too (Wu et al. 2016, arXiv 1609.08144, section 3).
"""


def layers_below(kind: AttentionKind, layers: int) -> int:
    """Return how many of a decoder's layers lie below attention. Raise ValueError for an unknown kind."""
    if kind not in LAYERS_BELOW:
        raise ValueError(f"attention is {kind!r}; it must be one of {', '.join(LAYERS_BELOW)}")
    return LAYERS_BELOW[kind] or layers


__all__ = ["SCORES", "Attention", "Memory", "Owners", "PreparedAttention", "Score", "layers_below", "read_memory"]
