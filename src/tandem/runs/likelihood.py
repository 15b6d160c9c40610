"""How probable a model finds the true targets, over a whole corpus."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from tandem.batches import Batch
from tandem.models import Seq2Seq
from tandem.models.coins import draw_coins
from tandem.training.loss import real_tokens, token_scores


@dataclass(frozen=True)
class Likelihood:
    """Sums over the tokens to predict, `<eos>` included."""

    tokens: int
    nll: float
    """Negative log-likelihood, in nats."""
    correct: int
    """Tokens that were the model's first choice."""

    @property
    def loss(self) -> float:
        """In nats per token."""
        return self.nll / self.tokens

    @property
    def accuracy(self) -> float:
        """Percent of tokens that were the first choice."""
        return 100 * self.correct / self.tokens


@torch.no_grad()
def likelihood(
    model: Seq2Seq, batches: Iterable[Batch], device: torch.device, dtype: torch.dtype, *, teacher_forcing: float
) -> Likelihood:
    """What the model thinks of all targets; it must be in eval mode.

    With `teacher_forcing` 1 the decoder reads the true tokens, and the likelihood is the true one; with 0 it reads its
    own predictions, as in the tutorial's evaluation loop.
    """
    tokens, correct, nll = 0, 0, 0.0
    generator = torch.Generator()
    output = model.decoder.fc_out
    for batch in batches:
        there = batch.to(device)
        steps, columns = there.target.shape
        coins = draw_coins(steps - 1, columns, teacher_forcing, by_token=False, generator=generator)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            features = model.features(there.source, there.target, coins, there.source_lengths)
        real = real_tokens(there.target, there.target_lengths)
        targets = there.target[1:].flatten().index_select(0, real)
        scores, best = token_scores(features.flatten(0, 1).index_select(0, real), output.weight, output.bias, targets)
        tokens, correct, nll = tokens + len(targets), correct + int(best.sum()), nll - float(scores.sum())
    return Likelihood(tokens, nll, correct)
