"""What a training minimises, as a module: from a batch to its loss."""

import torch
from torch import Tensor, nn

from tandem.batches import Batch
from tandem.models import Seq2Seq
from tandem.models.recurrence import compute_dtype
from tandem.training.loss import paired_projection_loss, projection_loss, real_tokens
from tandem.training.mixture import copying_loss


class Objective(nn.Module):
    """The loss of a model on a batch: cross-entropy with label smoothing, under copying, or with R-Drop.

    Fabric wraps this module. Its forward pass runs under autocast where the training does.
    """

    def __init__(self, model: Seq2Seq, *, label_smoothing: float = 0.0, r_drop: float = 0.0) -> None:
        """`r_drop` is R-Drop's alpha; 0 reads each batch once."""
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing
        self.r_drop = r_drop

    @property
    def readings(self) -> int:
        """The number of times that a batch is read at once."""
        return 2 if self.r_drop else 1

    def forward(self, batch: Batch, coins: Tensor) -> tuple[Tensor, Tensor]:
        """Return the objective and the negative log-likelihood, summed over the tokens of a batch without padding.

        `coins` are those of teacher forcing, `[T - 1]` or `[T - 1, B]`. The second result has no gradient.
        """
        if self.r_drop:
            return self._paired(batch, coins)
        if batch.copies is not None:
            ids = batch.source, batch.target, coins, batch.source_lengths
            read = self.model.compared_features(*ids, batch.copies)
            dtype = compute_dtype(read.features)
            with _without_autocast(batch.source.device):
                return copying_loss(self.model, batch, read, smoothing=self.label_smoothing, dtype=dtype)
        features = self.model.features(batch.source, batch.target, coins, batch.source_lengths)
        dtype = compute_dtype(features)
        with _without_autocast(batch.source.device):
            real = real_tokens(batch.target, batch.target_lengths)
            output = self.model.decoder.fc_out
            return projection_loss(
                features.flatten(0, 1).index_select(0, real),
                output.weight,
                output.bias,
                batch.target[1:].flatten().index_select(0, real),
                smoothing=self.label_smoothing,
                dtype=dtype,
            )

    def _paired(self, batch: Batch, coins: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `forward` does, for a batch that is read twice with other dropout: as one of 2 B columns."""
        source, target = batch.source.repeat(1, 2), batch.target.repeat(1, 2)
        coins = coins if coins.dim() == 1 else coins.repeat(1, 2)
        features = self.model.features(source, target, coins, batch.source_lengths.repeat(2))
        dtype = compute_dtype(features)
        with _without_autocast(batch.source.device):
            real = real_tokens(batch.target, batch.target_lengths)
            output = self.model.decoder.fc_out
            first, second = (half.flatten(0, 1).index_select(0, real) for half in features.chunk(2, dim=1))
            return paired_projection_loss(
                torch.stack((first, second)),
                output.weight,
                output.bias,
                batch.target[1:].flatten().index_select(0, real),
                smoothing=self.label_smoothing,
                r_drop=self.r_drop,
                dtype=dtype,
            )


def _without_autocast(device: torch.device) -> torch.autocast:
    """Switch autocast off: the losses choose the type of each of their products."""
    return torch.autocast(device.type, enabled=False)
