"""The loss, computed from the decoder's outputs and the output layer's weights without all logits in memory at once."""

from typing import Any

import torch
from torch import Tensor

from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.products import converted, linear, packed, weight_gradient
from tandem.training import blocks


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
        """Return the objective (with label smoothing) and the negative log-likelihood, summed over the N tokens."""
        low_features, low_weight, low_bias = features.to(dtype), converted(weight, dtype), bias.to(dtype)
        output = packed(low_weight, low_bias)
        with_gradient = any(ctx.needs_input_grad[:3])
        grad_features = bias.new_empty(features.shape)
        grad_weight, grad_bias = bias.new_zeros(()).expand_as(weight), torch.zeros_like(bias)
        normalisers, gold_logits = bias.new_zeros(()), bias.new_zeros(())
        # With at least this many rows, adding a block's gradient of all weights costs little next to the products.
        at_least = max(blocks.BLOCK_ROWS, features.shape[1] // 2)
        for block in blocks.split_rows(len(targets), len(weight), blocks.BLOCK, at_least):
            # (n, D) x (V, D) + (V) -> (n, V); the logits become their own gradients.
            logits = output(low_features[block])
            gold = targets[block].unsqueeze(1)
            gold_logits += logits.gather(1, gold).sum(dtype=bias.dtype)
            for rows in blocks.split_rows(len(gold), len(weight), blocks.SLICE, blocks.SLICE_ROWS):
                scores = logits[rows].to(bias.dtype)
                highest = scores.amax(dim=1)
                torch.softmax(scores, dim=1, out=scores)
                # The largest probability is exp(highest - normaliser), so normaliser = highest - log(largest).
                normalisers += (highest - scores.amax(dim=1).log_()).sum()
                if with_gradient:
                    # d objective / d logits = softmax - (1 - smoothing) at gold (- smoothing / V everywhere: below)
                    scores.scatter_add_(1, gold[rows], scores.new_full(gold[rows].shape, smoothing - 1))
                    grad_bias += scores.sum(dim=0)
                    logits[rows] = scores
            if with_gradient:
                grad_features[block] = linear(logits, low_weight.t())
                # The first product becomes the sum, so that both have the same layout. The product is large, and having
                # no name, it is freed at once.
                so_far = grad_weight if block.start else None
                grad_weight = blocks.add_to(so_far, weight_gradient(logits, low_features[block]), weight.dtype)
        nll = normalisers - gold_logits
        objective = (1 - smoothing) * nll
        if smoothing:
            # With smoothing, the objective has a further term: smoothing times the mean over the vocabulary of
            # -log P(w) = normaliser - logit w. The sum of all logits of all rows is linear in the features and the
            # weights, so it follows from the sums of both, and so do its gradients.
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
        """Scale the gradients that `forward` computed: the objective is a number, so they are all that is needed."""
        scaled = [gradient * grad_objective for gradient in ctx.saved_tensors]
        return *scaled, None, None, None


def projection_loss(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, *, smoothing: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy of `targets [N]` under an output layer `(weight [V, D], bias [V])` at `features [N, D]`.

    The result is `(objective, nll)`, sums over the N tokens in nats. The objective has a gradient and the label
    smoothing of Szegedy et al. 2016, section 7: the gold token has the weight 1 - smoothing, and the rest is divided
    among the vocabulary. The negative log-likelihood is not smoothed and has no gradient.
    """
    objective, nll = ProjectionLoss.apply(features, weight, bias, targets, smoothing, dtype)  # type: ignore[no-untyped-call]
    return objective, nll


class PairedProjectionLoss(torch.autograd.Function):
    """Output layer, R-Drop's loss of two readings and their gradients, block by block; products run in `dtype`."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,  # [2, N, D]
        weight: Tensor,  # [V, D]
        bias: Tensor,  # [V]
        targets: Tensor,  # [N]
        smoothing: float,
        r_drop: float,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        """Return the objective, and the mean of both negative log-likelihoods, summed over the N tokens."""
        low_features, low_weight = features.to(dtype), converted(weight, dtype)
        output = packed(low_weight, bias.to(dtype))
        with_gradient = any(ctx.needs_input_grad[:3])
        grad_features = bias.new_empty(features.shape)
        grad_weight, grad_bias = bias.new_zeros(()).expand_as(weight), torch.zeros_like(bias)
        objective, nll = bias.new_zeros(()), bias.new_zeros(())
        columns = 2 * len(weight)  # a block or a slice has the logits of both readings
        at_least = max(blocks.BLOCK_ROWS, features.shape[2] // 2) // 2
        for block in blocks.split_rows(len(targets), columns, blocks.BLOCK, at_least):
            block_features = low_features[:, block].flatten(0, 1)
            # (2 n, D) x (V, D) + (V) -> (2 n, V); the logits become their own gradients.
            logits = output(block_features)
            gold = targets[block].unsqueeze(1)
            pairs = logits.view(2, len(gold), -1)
            for rows in blocks.split_rows(len(gold), columns, blocks.SLICE, blocks.SLICE_ROWS // 2):
                scores = pairs[:, rows].to(bias.dtype).log_softmax(dim=2)
                value, gradient, gold_scores = _paired_slice(scores, gold[rows], smoothing, r_drop)
                objective += value
                nll -= gold_scores
                if with_gradient:
                    grad_bias += gradient.sum(dim=(0, 1))
                    pairs[:, rows] = gradient
            if with_gradient:
                grad_features[:, block] = linear(logits, low_weight.t()).view(2, len(gold), -1)
                so_far = grad_weight if block.start else None
                grad_weight = blocks.add_to(so_far, weight_gradient(logits, block_features), weight.dtype)
        if with_gradient:
            ctx.save_for_backward(grad_features.to(features.dtype), grad_weight, grad_bias)
        ctx.mark_non_differentiable(nll)
        return objective, nll

    @staticmethod
    def backward(ctx: Any, grad_objective: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Scale the gradients that `forward` computed."""
        scaled = [gradient * grad_objective for gradient in ctx.saved_tensors]
        return *scaled, None, None, None, None


def _paired_slice(scores: Tensor, gold: Tensor, smoothing: float, r_drop: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return the objective for the log-probabilities `scores [2, n, V]` of two readings and `gold [n, 1]`.

    Also return its gradient with respect to the logits, `[2, n, V]`, and the mean log-probability of the gold tokens.
    The objective and the log-probability are sums over n.
    """
    probabilities = scores.exp()
    both = gold.expand(2, *gold.shape)
    gold_scores = scores.gather(2, both).sum() / 2
    ratios = scores - scores.flip(0)  # log p - log q, log q - log p
    divergences = (probabilities * ratios).sum(dim=2, keepdim=True)  # KL(p || q), KL(q || p)
    share = smoothing / scores.shape[2]
    value = (smoothing - 1) * gold_scores - share * scores.sum() / 2 + r_drop / 4 * divergences.sum()
    # d KL(p || q) / d logits of p = p (log p - log q - KL(p || q)); d KL(q || p) / d logits of p = p - q
    gradient = (ratios - divergences + 1).mul_(probabilities).sub_(probabilities.flip(0)).mul_(r_drop / 4)
    # d CE / d logits = p - (1 - smoothing) at gold - smoothing / V everywhere, and each reading counts half.
    gradient.add_(probabilities, alpha=0.5).sub_(share / 2)
    gradient.scatter_add_(2, both, gradient.new_full(both.shape, (smoothing - 1) / 2))
    return value, gradient, gold_scores


def paired_projection_loss(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    *,
    smoothing: float,
    r_drop: float,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Return R-Drop's loss of `targets [N]` that were read twice with different dropout: `features [2, N, D]`.

    With p and q for the distributions of the two readings, the objective is half of equation (4) of Liang et al. 2021
    (arXiv 2106.14448), so that it is the cross-entropy if `r_drop`, their alpha, is 0:

        (CE(p) + CE(q)) / 2 + r_drop / 4 (KL(p || q) + KL(q || p)), summed over the N tokens, in nats.

    The cross-entropy CE has label smoothing. The second result is the mean of both negative log-likelihoods, which is
    not smoothed and has no gradient. As in `projection_loss`, all logits are never in memory at once.
    """
    objective, nll = PairedProjectionLoss.apply(features, weight, bias, targets, smoothing, r_drop, dtype)  # type: ignore[no-untyped-call]
    return objective, nll


@torch.no_grad()
def token_scores(features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities `[N]` of `targets [N]` at `features [N, D]`, and whether each is the best, `[N]`.

    The result has no gradient. All logits are never in memory at once.
    """
    scores, best = bias.new_empty(len(targets)), torch.empty_like(targets, dtype=torch.bool)
    for rows in blocks.split_rows(len(targets), len(weight), blocks.BLOCK, blocks.BLOCK_ROWS):
        logits = linear(features[rows].to(weight.dtype), weight, bias)  # (n, D) x (V, D) + (V) -> (n, V)
        gold = targets[rows].unsqueeze(1)
        best[rows] = largest_columns(logits) == targets[rows]
        scores[rows] = logits.log_softmax(dim=1).gather(1, gold).squeeze(1)
    return scores, best


def real_tokens(target: Tensor, lengths: Tensor) -> Tensor:
    """Return the indices `[N]` of all tokens except padding in the flattened `target[1:]` of a batch `[T, B]`."""
    steps = torch.arange(1, target.shape[0]).unsqueeze(1)  # (T - 1, 1) against (B,) -> (T - 1, B)
    return (steps < lengths).flatten().nonzero().squeeze(1).to(target.device)
