"""The bridge: it turns an encoder's final states into a decoder's first states if their shapes differ.

Letters: `B` batch, `L` layers, `H` hidden size, of the encoder and of the decoder.
"""

import torch
from torch import Tensor, nn

from tandem.models.state import RecurrentState


class Bridge(nn.Module):
    """A linear layer for each layer of the decoder and each part of its state; tanh bounds the hidden state.

    Layer l of the decoder starts from both directions of layer l of the encoder, or of the encoder's last layer if it
    has fewer layers.
    """

    def __init__(self, sources: int, source_size: int, targets: int, target_size: int, *, has_cell_state: bool) -> None:
        """The encoder has `sources` layers, whose states have `source_size` units, all directions together."""
        super().__init__()
        self.sources = sources
        self.hidden = nn.ModuleList(nn.Linear(source_size, target_size) for _ in range(targets))
        self.cell = (
            nn.ModuleList(nn.Linear(source_size, target_size) for _ in range(targets)) if has_cell_state else None
        )

    def forward(self, state: RecurrentState) -> RecurrentState:
        """Return the decoder's state `[L, B, H]`, from the encoder's `[L, B, H]`; directions count as layers."""
        hidden = self._through(self.hidden, state.hidden).tanh()
        if self.cell is None or state.cell is None:
            return RecurrentState(hidden)
        return RecurrentState(hidden, self._through(self.cell, state.cell))

    def _through(self, layers: nn.ModuleList, part: Tensor) -> Tensor:
        # (L directions, B, H) -> (L, B, directions H)
        joined = part.view(self.sources, -1, *part.shape[1:]).transpose(1, 2).flatten(2)
        last = self.sources - 1
        return torch.stack([layer(joined[min(index, last)]).to(part.dtype) for index, layer in enumerate(layers)])
