"""An encoder of sources with features: the source and its features are each read by a recurrent network of their own.

Letters: `S` length of the sources with their features, `n` longest part of one kind, `B` batch, `L` layers, `H` hidden
size, `M` size of an output.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from tandem.models.encoder import Encoded, Encoder, PreparedEncoder, UnsharedEncoder, check_lengths
from tandem.models.state import RecurrentState
from tandem.names import CellType

_PAD, _SOS = 1, 2  # the ids of `<pad>` and `<sos>` in every vocabulary


class _Part(NamedTuple):
    """The tokens of one kind of each source, moved to the front."""

    ids: Tensor
    """`[n, B]`, padded with `<pad>`."""
    lengths: Tensor
    """`[B]`"""
    places: Tensor
    """`[n, B]`, their positions in the source."""


class FeaturesEncoder(Encoder):
    """An encoder of sources that has a second encoder, `features`, for their features.

    The tokens of a source and its features are one list of ids. Ids from `input_dim` on are features, at any position,
    so the list may also be reversed. Each output stays at the position of its token: attention sees one source. The
    final states of both encoders are side by side in each layer, and a bridge joins them.

    `FeaturesEncoder(input_dim, emb_dim, hid_dim, n_layers, dropout, features_dim=...)` takes the sizes of the source
    vocabulary and of the vocabulary of features; all other sizes are the same for both encoders.
    """

    def __init__(
        self,
        input_dim: int,
        emb_dim: int,
        hid_dim: int,
        n_layers: int,
        dropout: float,
        *,
        features_dim: int,
        cell_type: CellType = "lstm",
        word_dropout: float = 0.0,
        init_range: float | None = 0.08,
        bidirectional: bool = False,
        scale_embedding: bool = False,
    ) -> None:
        shared: dict[str, Any] = {
            "cell_type": cell_type,
            "word_dropout": word_dropout,
            "init_range": init_range,
            "bidirectional": bidirectional,
            "scale_embedding": scale_embedding,
        }
        super().__init__(input_dim, emb_dim, hid_dim, n_layers, dropout, **shared)
        self.features = Encoder(features_dim, emb_dim, hid_dim, n_layers, dropout, **shared)

    @property
    def state_dim(self) -> int:
        """The total size of both final states of a layer."""
        return 2 * self.output_dim

    def read(self, src: Tensor, lengths: Tensor | None = None) -> Encoded:
        """Read `src [S, B]`, ids of both kinds. The final states are `[2 L, B, H]`, the two of each layer side by side.

        With two directions they are `[4 L, B, H]`: in each layer those of the source, then those of the features. A
        source without features has the features' state after only `<sos>`.
        """
        source, features = self._divided(src, lengths)
        own = super().read(source.ids, source.lengths)
        return self._joined(src, own, self.features.read(_begun(features.ids), features.lengths + 1))

    def embed(self, src: Tensor) -> Tensor:
        """Return the embeddings of `src [S, B]`, ids of both kinds: `[S, B, E]`."""
        behind = self.embedding.num_embeddings
        own, beside = self.embedding(src.clamp(max=behind - 1)), self.features.embedding((src - behind).clamp(min=0))
        return torch.where((src >= behind)[..., None], beside, own)

    def read_embedded(self, src: Tensor, embedded: Tensor, lengths: Tensor | None = None) -> Encoded:
        """Read `embedded [S, B, E]`, which `embed` returned for `src`, as `read` does."""
        source, features = self._divided(src, lengths)
        own, beside = (
            embedded.gather(0, part.places[..., None].expand(-1, -1, embedded.shape[2])) for part in (source, features)
        )
        begun = _begun(features.ids)
        beside = torch.cat([self.features.embed(begun[:1]), beside])
        return self._joined(
            src,
            super().read_embedded(source.ids, own, source.lengths),
            self.features.read_embedded(begun, beside, features.lengths + 1),
        )

    def _divided(self, src: Tensor, lengths: Tensor | None) -> tuple[_Part, _Part]:
        """Return the tokens of the sources, and their features."""
        steps = len(src)
        if lengths is not None:
            check_lengths(lengths, steps)
        behind = self.embedding.num_embeddings
        is_feature = src >= behind
        inside = torch.ones_like(is_feature)
        if lengths is not None:
            inside = torch.arange(steps, device=src.device)[:, None] < lengths.to(src.device)
        return _part(src, inside & ~is_feature), _part(src - behind, inside & is_feature)

    def _joined(self, src: Tensor, own: Encoded, beside: Encoded) -> Encoded:
        """Return the results for the sources and for their features as one result."""
        final = RecurrentState(*(_beside(*parts, self.n_layers) for parts in _parts(own.final, beside.final)))
        # Each output goes back to the position of its token; that of the <sos> before the features is left out.
        is_feature = src >= self.embedding.num_embeddings
        longest = len(own.outputs)
        rank = torch.where(
            is_feature,
            longest + is_feature.cumsum(0).clamp(max=len(beside.outputs) - 1),
            ((~is_feature).cumsum(0) - 1).clamp(0, longest - 1),
        )
        outputs = torch.cat([own.outputs, beside.outputs])
        return Encoded(final, outputs.gather(0, rank[..., None].expand(-1, -1, outputs.shape[2])))

    def prepare(self, dtype: torch.dtype) -> PreparedEncoder | UnsharedEncoder:
        """See `Encoder.prepare`."""
        return UnsharedEncoder(self, dtype)


def _part(ids: Tensor, mask: Tensor) -> _Part:
    """Return the ids `[S, B]` where the mask is true, moved to the front in their order."""
    lengths = mask.sum(0)
    count = int(lengths.max())
    places = (~mask).to(torch.uint8).argsort(dim=0, stable=True)[:count]
    inside = torch.arange(count, device=ids.device)[:, None] < lengths
    return _Part(torch.where(inside, ids.gather(0, places), _PAD), lengths, places)


def _begun(ids: Tensor) -> Tensor:
    """Return features with `<sos>` before them, because a sequence needs a token even if there is no feature."""
    return torch.cat([ids.new_full((1, ids.shape[1]), _SOS), ids])


def _parts(first: RecurrentState, second: RecurrentState) -> list[tuple[Tensor, Tensor]]:
    return [(one, other) for one, other in zip(first, second, strict=True) if one is not None and other is not None]


def _beside(first: Tensor, second: Tensor, layers: int) -> Tensor:
    """Put the states of each layer side by side: two `[L directions, B, H]` -> `[2 L directions, B, H]`."""
    by_layer = [part.view(layers, -1, *part.shape[1:]) for part in (first, second)]
    return torch.cat(by_layer, dim=1).flatten(0, 1)
