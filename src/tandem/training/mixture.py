"""The loss of a model that copies, computed without all logits in memory at once.

The log-probability of a target is that of a mixture, log(p P_vocabulary + (1 - p) copied) (`models/copying.py`). It is
computed as logaddexp(log p + log P_vocabulary, log(1 - p) + log copied). No value is ever divided or multiplied by a
probability, so the result is finite for any logits. Letters: `N` target tokens, `S` source length, `V` vocabulary, `D`
features.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from tandem.batches import Batch
from tandem.models import Seq2Seq
from tandem.models.copying import NEVER, Copies, mixed_logits
from tandem.models.decoder import ComparedFeatures
from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.products import converted, linear, packed, weight_gradient
from tandem.training import blocks
from tandem.training.loss import real_tokens

_NONE = -1e30
"""Stands for the logarithm of 0. It is finite, so that gradients are finite as well."""


class CopiedTargets(NamedTuple):
    """The target tokens of a batch, without padding, and the values that determine them."""

    features: Tensor
    """`[N, D]`"""
    compared: Tensor
    """The logits of the attention, `[N, S]`."""
    targets: Tensor
    """Extended ids, `[N]`."""
    copies: Copies
    """The copies of each token's source."""

    @classmethod
    def of(cls, model: Seq2Seq, batch: Batch, read: ComparedFeatures) -> "CopiedTargets":
        """Take them from a batch, and from the model's features for it."""
        assert batch.copies is not None
        real = real_tokens(batch.target, batch.target_lengths)
        features, compared = (part.flatten(0, 1).index_select(0, real) for part in read)
        targets = batch.target[1:].flatten().index_select(0, real)
        copies = Copies.of(batch.copies, model.decoder.output_dim)
        return cls(features, compared, targets, copies.select(real % batch.target.shape[1]))


def copying_loss(
    model: Seq2Seq, batch: Batch, read: ComparedFeatures, *, smoothing: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Return the objective and the negative log-likelihood of a batch, sums over its N target tokens in nats.

    They are as in `projection_loss`, but for the mixture. Label smoothing applies only to the vocabulary's part: the
    objective is minus (1 - smoothing) log P(target) + smoothing times the mean of log P_vocabulary.
    """
    items = CopiedTargets.of(model, batch, read)
    gate, output = _gate(model), model.decoder.fc_out
    generated, copied = log_shares(items, gate)
    objective, nll = _MixtureLoss.apply(  # type: ignore[no-untyped-call]
        items.features, output.weight, output.bias, generated, copied, items.targets, smoothing, dtype
    )
    return objective, nll


def log_shares(items: CopiedTargets, gate: nn.Linear) -> tuple[Tensor, Tensor]:
    """Return the logarithms of the vocabulary's share, and of the probability that a target is copied, `[N]` each."""
    logit = gate(items.features.to(gate.weight.dtype)).squeeze(1)
    weights = items.compared.to(logit.dtype).log_softmax(dim=1)

    def total(where: Tensor) -> Tensor:
        return weights.masked_fill(~where, _NONE).logsumexp(dim=1)

    ids = items.copies.ids
    generated = torch.logaddexp(logsigmoid(logit), logsigmoid(-logit) + total(ids == NEVER))
    return generated, logsigmoid(-logit) + total(ids == items.targets.unsqueeze(1))


class _MixtureLoss(torch.autograd.Function):
    """See `copying_loss`. As in `ProjectionLoss`, `forward` computes the gradients as well."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,  # [N, D]
        weight: Tensor,  # [V, D]
        bias: Tensor,  # [V]
        generated: Tensor,  # [N], log of the vocabulary's share
        copied: Tensor,  # [N], log of the probability by copying
        targets: Tensor,  # [N], extended ids
        smoothing: float,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        """Return the objective (with label smoothing) and the negative log-likelihood, summed over the N tokens."""
        low_features, low_weight = features.to(dtype), converted(weight, dtype)
        output = packed(low_weight, bias.to(dtype))
        known = targets < len(weight)
        gold, scores = torch.where(known, targets, 0).unsqueeze(1), bias.new_empty(len(targets))
        smooth, shares = bias.new_zeros(()), torch.empty_like(scores)
        grad_features = bias.new_empty(features.shape)
        grad_weight, grad_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        at_least = max(blocks.BLOCK_ROWS, features.shape[1] // 2)
        for block in blocks.split_rows(len(targets), len(weight), blocks.BLOCK, at_least):
            logits = output(low_features[block]).to(bias.dtype)  # (n, V)
            logs = logits.log_softmax(dim=1)
            own = gold[block]
            by_vocabulary = torch.where(known[block], logs.gather(1, own).squeeze(1), _NONE) + generated[block]
            scores[block] = torch.logaddexp(by_vocabulary, copied[block])
            share = shares[block] = (by_vocabulary - scores[block]).exp()
            smooth -= logs.mean(dim=1).sum()
            # share = P_vocabulary's part of P(target). Only this part depends on the logits, so d log P(target) / d
            # logits = share (gold - softmax), and the mean of log P_vocabulary has the gradient 1 / V - softmax.
            share = (1 - smoothing) * share.unsqueeze(1)
            gradient = logs.exp_().mul_(share + smoothing).sub_(smoothing / len(weight))
            gradient.scatter_add_(1, own, -share)
            grad_bias += gradient.sum(dim=0)
            low = gradient.to(dtype)
            grad_features[block] = linear(low, low_weight.t()).to(bias.dtype)
            grad_weight = blocks.add_to(grad_weight, weight_gradient(low, low_features[block]), weight.dtype)
        # log P(target) = logaddexp(by vocabulary, by copying), whose derivatives are the shares of the two.
        grad_copied = -(1 - smoothing) * (1 - shares)
        grad_generated = -(1 - smoothing) * shares
        ctx.save_for_backward(grad_features.to(features.dtype), grad_weight, grad_bias, grad_generated, grad_copied)
        nll = -scores.sum()
        ctx.mark_non_differentiable(nll)
        return (1 - smoothing) * nll + smoothing * smooth, nll

    @staticmethod
    def backward(ctx: Any, grad_objective: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Scale the gradients that `forward` computed."""
        scaled = [gradient * grad_objective for gradient in ctx.saved_tensors]
        return *scaled, None, None, None


@torch.no_grad()
def copying_scores(model: Seq2Seq, batch: Batch, read: ComparedFeatures) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities `[N]` of a batch's target tokens, and whether each is the best, `[N]`."""
    items = CopiedTargets.of(model, batch, read)
    gate, output = _gate(model), model.decoder.fc_out
    scores, best = output.bias.new_empty(len(items.targets)), torch.empty_like(items.targets, dtype=torch.bool)
    for rows in blocks.split_rows(len(scores), len(output.weight), blocks.BLOCK, blocks.BLOCK_ROWS):
        features, targets = items.features[rows].to(output.weight.dtype), items.targets[rows]
        logits = linear(features, output.weight, output.bias)
        weights = items.compared[rows].softmax(dim=1)
        copies = Copies(*(part[rows] for part in items.copies))
        mixed = mixed_logits(logits, gate(features).squeeze(1), weights, copies)
        best[rows] = largest_columns(mixed) == targets
        scores[rows] = mixed.log_softmax(dim=1).gather(1, targets.unsqueeze(1)).squeeze(1)
    return scores, best


def _gate(model: Seq2Seq) -> nn.Linear:
    gate = model.decoder.copy_gate
    assert gate is not None
    return gate
