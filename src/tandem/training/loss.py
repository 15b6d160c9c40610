"""The loss, taken from the decoder's outputs and the output layer's weights: whole logits never exist."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

# Rows of the logits that exist at one time: enough for full speed in the products, few enough to stay in the cache.
_CHUNK = 256


class ProjectionLoss(torch.autograd.Function):
    """Output layer, softmax, cross-entropy and their gradients, over chunks of rows; products run in `dtype`."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,  # [N, D]
        weight: Tensor,  # [V, D]
        bias: Tensor,  # [V]
        targets: Tensor,  # [N]
        smoothing: float,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        """The objective (with label smoothing) and the negative log-likelihood, each summed over the N tokens."""
        low_features, low_weight, low_bias = features.to(dtype), weight.to(dtype), bias.to(dtype)
        with_gradient = any(ctx.needs_input_grad[:3])
        grad_features = bias.new_zeros(features.shape) if with_gradient else None
        grad_weight = torch.zeros_like(weight) if with_gradient else None
        grad_bias = torch.zeros_like(bias) if with_gradient else None
        nll = bias.new_zeros(())
        normalisers = bias.new_zeros(())
        for start in range(0, len(targets), _CHUNK):
            rows = slice(start, start + _CHUNK)
            gold = targets[rows].unsqueeze(1)
            # (n, D) x (V, D) + (V) -> (n, V)
            logits = F.linear(low_features[rows], low_weight, low_bias).to(bias.dtype)
            highest = logits.amax(dim=1, keepdim=True)
            gold_logits = logits.gather(1, gold)
            likelihoods = logits.sub_(highest).exp_()
            total = likelihoods.sum(dim=1, keepdim=True)
            normaliser = (total.log() + highest).sum()
            normalisers += normaliser
            nll += normaliser - gold_logits.sum()
            if grad_features is not None and grad_weight is not None and grad_bias is not None:
                # d objective / d logits = softmax - (1 - smoothing) at gold (- smoothing / V everywhere: below)
                grads = likelihoods.mul_(total.reciprocal_())
                grads.scatter_add_(1, gold, grads.new_full(gold.shape, smoothing - 1))
                grad_bias += grads.sum(dim=0)
                low_grads = grads.to(dtype)
                grad_features[rows] = low_grads @ low_weight
                grad_weight += low_grads.t() @ low_features[rows]
        objective = (1 - smoothing) * nll
        if smoothing:
            # The mean over the vocabulary is linear: it needs the mean row of the output layer, not the logits.
            share, count = smoothing / weight.shape[0], len(targets)
            all_features, all_weights = features.sum(dim=0, dtype=bias.dtype), weight.sum(dim=0)
            logit_sum = all_features @ all_weights + count * bias.sum()
            objective = objective + smoothing * normalisers - share * logit_sum
            if grad_features is not None and grad_weight is not None and grad_bias is not None:
                grad_features -= share * all_weights
                grad_weight -= share * all_features
                grad_bias -= share * count
        if grad_features is not None:
            ctx.save_for_backward(grad_features.to(features.dtype), grad_weight, grad_bias)
        ctx.mark_non_differentiable(nll)
        return objective, nll

    @staticmethod
    def backward(ctx: Any, grad_objective: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Scale what `forward` found."""
        grad_features, grad_weight, grad_bias = ctx.saved_tensors
        return (
            grad_features * grad_objective,
            grad_weight * grad_objective,
            grad_bias * grad_objective,
            None,
            None,
            None,
        )


def projection_loss(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, *, smoothing: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of `targets [N]` under the output layer `(weight [V, D], bias [V])` at `features [N, D]`.

    Returns `(objective, nll)`, sums over the N tokens in nats: the objective has the label smoothing of Szegedy et
    al. 2016, section 7 (the gold token's weight 1 - smoothing, the rest spread over the vocabulary) and a
    gradient; the negative log-likelihood is the plain one and has none.
    """
    objective, nll = ProjectionLoss.apply(features, weight, bias, targets, smoothing, dtype)  # type: ignore[no-untyped-call]
    return objective, nll


@torch.no_grad()
def token_scores(features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The log-probability of each of `targets [N]` at `features [N, D]`, [N], and whether it was the best token, [N].

    Without a gradient; here too whole logits never exist.
    """
    scores, best = bias.new_empty(len(targets)), torch.empty_like(targets, dtype=torch.bool)
    for start in range(0, len(targets), _CHUNK):
        rows = slice(start, start + _CHUNK)
        logits = F.linear(features[rows].to(weight.dtype), weight, bias)  # (n, D) x (V, D) + (V) -> (n, V)
        gold = targets[rows].unsqueeze(1)
        scores[rows] = logits.gather(1, gold).squeeze(1) - logits.logsumexp(dim=1)
        best[rows] = logits.argmax(dim=1) == targets[rows]
    return scores, best


def real_tokens(target: Tensor, lengths: Tensor) -> Tensor:
    """Where the tokens to predict lie in the flattened `target[1:]` of a batch `[T, B]`: indices [N], no padding."""
    steps = torch.arange(1, target.shape[0]).unsqueeze(1)  # (T - 1, 1) against (B,) -> (T - 1, B)
    return (steps < lengths).flatten().nonzero().squeeze(1).to(target.device)
