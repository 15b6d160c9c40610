"""The loss, taken from the decoder's outputs and the output layer's weights: whole logits never exist."""

from typing import Any

import torch
from torch import Tensor

from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.products import Packed, linear, weight_gradient

# Logits that exist at one time, few enough to be small beside the rest of a step. A block adds to all of the weights'
# gradient, so it has this many rows at least, whatever the vocabulary, or half as many as there are features.
_BLOCK = 2**22
_BLOCK_ROWS = 256
# And how many of them are worked on together in the finer type: few enough to stay in the cache.
_SLICE = 2**19
_SLICE_ROWS = 16


def _rows(count: int, columns: int, places: int, at_least: int) -> list[slice]:
    """Slices of `count` rows, each of at most `places` places in rows of `columns`, but `at_least` so many rows."""
    height = max(at_least, places // columns)
    return [slice(start, start + height) for start in range(0, count, height)]


def _added(total: Tensor | None, more: Tensor, dtype: torch.dtype) -> Tensor:
    """`more` added to `total`, which is of `dtype`, in slices: converted as a whole it would be a new matrix."""
    if total is None:
        return more.to(dtype)
    for rows in _rows(len(total), total.shape[1], _SLICE, _SLICE_ROWS):
        total[rows] += more[rows].to(dtype)
    return total


class ProjectionLoss(torch.autograd.Function):
    """Output layer, softmax, cross-entropy and their gradients, block by block of rows; products run in `dtype`."""

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
        output = Packed(low_weight, low_bias)
        with_gradient = any(ctx.needs_input_grad[:3])
        grad_features = bias.new_empty(features.shape)
        grad_weight, grad_bias = bias.new_zeros(()).expand_as(weight), torch.zeros_like(bias)
        normalisers, gold_logits = bias.new_zeros(()), bias.new_zeros(())
        # Adding up gradients of all weights is then little beside their products, and a block is half of them at most.
        at_least = max(_BLOCK_ROWS, features.shape[1] // 2)
        for block in _rows(len(targets), len(weight), _BLOCK, at_least):
            # (n, D) x (V, D) + (V) -> (n, V); the logits become their own gradients.
            logits = output(low_features[block])
            gold = targets[block].unsqueeze(1)
            gold_logits += logits.gather(1, gold).sum(dtype=bias.dtype)
            for rows in _rows(len(gold), len(weight), _SLICE, _SLICE_ROWS):
                scores = logits[rows].to(bias.dtype)
                highest = scores.amax(dim=1)
                torch.softmax(scores, dim=1, out=scores)
                normalisers += (highest - scores.amax(dim=1).log_()).sum()
                if with_gradient:
                    # d objective / d logits = softmax - (1 - smoothing) at gold (- smoothing / V everywhere: below)
                    scores.scatter_add_(1, gold[rows], scores.new_full(gold[rows].shape, smoothing - 1))
                    grad_bias += scores.sum(dim=0)
                    logits[rows] = scores
            if with_gradient:
                grad_features[block] = linear(logits, low_weight.t())
                # The first one becomes the sum, which is laid out as the products are. None gets a name: it is large.
                so_far = grad_weight if block.start else None
                grad_weight = _added(so_far, weight_gradient(logits, low_features[block]), weight.dtype)
        nll = normalisers - gold_logits
        objective = (1 - smoothing) * nll
        if smoothing:
            # The mean over the vocabulary is linear: it needs the mean row of the output layer, not the logits.
            share, count = smoothing / weight.shape[0], len(targets)
            all_features, all_weights = features.sum(dim=0, dtype=bias.dtype), weight.sum(dim=0)
            logit_sum = all_features @ all_weights + count * bias.sum()
            objective = objective + smoothing * normalisers - share * logit_sum
            if with_gradient:
                grad_features -= share * all_weights
                grad_weight -= share * all_features
                grad_bias -= share * count
        if with_gradient:
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
    for rows in _rows(len(targets), len(weight), _BLOCK, _BLOCK_ROWS):
        logits = linear(features[rows].to(weight.dtype), weight, bias)  # (n, D) x (V, D) + (V) -> (n, V)
        gold = targets[rows].unsqueeze(1)
        best[rows] = largest_columns(logits) == targets[rows]
        scores[rows] = logits.log_softmax(dim=1).gather(1, gold).squeeze(1)
    return scores, best


def real_tokens(target: Tensor, lengths: Tensor) -> Tensor:
    """Where the tokens to predict lie in the flattened `target[1:]` of a batch `[T, B]`: indices [N], no padding."""
    steps = torch.arange(1, target.shape[0]).unsqueeze(1)  # (T - 1, 1) against (B,) -> (T - 1, B)
    return (steps < lengths).flatten().nonzero().squeeze(1).to(target.device)
