"""How probable a model finds the true targets, over a whole corpus."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from tandem.data import Batch
from tandem.models import Seq2Seq
from tandem.models.coins import draw_coins
from tandem.training import batch_loss
from tandem.training.loss import real_tokens


@dataclass(frozen=True)
class Likelihood:
    """Sums over the tokens to predict, `<eos>` included."""

    tokens: int
    nll: float
    """Teacher-forced negative log-likelihood, in nats."""
    correct: int
    """Tokens that were the model's first choice, under teacher forcing."""
    free_running_nll: float
    """The same when the model reads its own predictions; the tutorial's test loss is this, per token."""

    @property
    def loss(self) -> float:
        """Teacher-forced, in nats per token."""
        return self.nll / self.tokens

    @property
    def free_running_loss(self) -> float:
        """In nats per token."""
        return self.free_running_nll / self.tokens

    @property
    def accuracy(self) -> float:
        """Percent of tokens that were the first choice."""
        return 100 * self.correct / self.tokens

    def bits_per_character(self, characters: int) -> float:
        """The teacher-forced code length over the number of characters in the target texts."""
        return self.nll / math.log(2) / characters


@torch.no_grad()
def teacher_forced_loss(model: Seq2Seq, batches: Iterable[Batch], device: torch.device, dtype: torch.dtype) -> float:
    """Nats per target token; the model must be in eval mode."""
    nll, tokens = 0.0, 0
    for batch in batches:
        nll += _batch_nll(model, batch.to(device), 1.0, dtype)[0]
        tokens += batch.target_tokens
    return nll / tokens


@torch.no_grad()
def likelihood(model: Seq2Seq, batches: Iterable[Batch], device: torch.device, dtype: torch.dtype) -> Likelihood:
    """All of it; the model must be in eval mode."""
    tokens, correct, nll, free_running_nll = 0, 0, 0.0, 0.0
    for batch in batches:
        on_device = batch.to(device)
        forced, features = _batch_nll(model, on_device, 1.0, dtype)
        nll += forced
        free_running_nll += _batch_nll(model, on_device, 0.0, dtype)[0]
        tokens += batch.target_tokens
        real = real_tokens(on_device.target, batch.target_lengths)
        chosen = model.decoder.fc_out(features.flatten(0, 1).index_select(0, real)).argmax(dim=1)
        correct += int((chosen == on_device.target[1:].flatten().index_select(0, real)).sum())
    return Likelihood(tokens, nll, correct, free_running_nll)


def _batch_nll(model: Seq2Seq, batch: Batch, ratio: float, dtype: torch.dtype) -> tuple[float, torch.Tensor]:
    steps, columns = batch.target.shape
    coins = draw_coins(steps - 1, columns, ratio, by_token=False)
    with torch.autocast(batch.target.device.type, dtype, enabled=dtype != torch.float32):
        features = model.features(batch.source, batch.target, coins, batch.source_lengths)
    _, nll = batch_loss(model, features, batch, smoothing=0.0, dtype=dtype)
    return float(nll), features.float()
