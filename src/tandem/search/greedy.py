"""Greedy search: the most probable token at each step, until `<eos>`."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tandem.search.continuations import best_tokens, make_bans
from tandem.search.devices import score_dtype, should_look
from tandem.search.hypothesis import Hypothesis
from tandem.search.limits import check_banned, length_range, nothing_possible
from tandem.search.stepper import S, Stepper


@torch.no_grad()
def greedy(
    stepper: Stepper[S],
    source: Tensor,
    lengths: Tensor,
    *,
    sos: int,
    eos: int,
    max_lengths: Tensor,
    banned: Sequence[int] = (),
) -> list[Hypothesis]:
    """Feed back the best token until `<eos>`; all sentences at once, those that end leave the batch.

    Among equally probable tokens the one with the lowest id is taken. Scores are plain log-probabilities.

    Args:
        stepper: what scores the next tokens.
        source: int64 `[S, B]`, time-major.
        lengths: `[B]`, of the sources.
        sos: the id that is fed first.
        eos: the id that ends an output.
        max_lengths: `[B]`, the largest number of tokens of each output, `<eos>` not counted. At the limit
            only `<eos>` may follow, so every output ends.
        banned: ids that are never put out. They are left out before choosing; the probabilities of the
            others are those that the stepper gave, not renormalised.

    Returns:
        one finished hypothesis a sentence, in the order of the sources.

    Raises:
        ValueError: when `max_lengths` does not fit `source` or is negative, or when `eos` is banned.
        TandemError: when a sentence has no output of a probability above zero.
    """
    check_banned(eos, banned)
    shortest, longest = length_range(source, max_lengths)
    batch, device = source.shape[1], source.device
    if batch == 0:
        return []
    bans = make_bans(banned, device)
    limits = max_lengths.to(device)
    sentences = torch.arange(batch, device=device)  # (N,): which sentence each row of the state belongs to
    tokens = torch.full_like(sentences, sos)
    going = torch.ones_like(sentences, dtype=torch.bool)  # (N,)
    taken: list[tuple[Tensor, ...]] = []  # of each step, (N,): sentences, tokens, their logits, the normalisers
    state = stepper.start(source, lengths)
    for time in range(longest + 1):
        step = stepper.step(tokens, state)
        at_limit = limits <= time if time >= shortest else None
        tokens, logits = best_tokens(step.logits, bans, eos, at_limit)
        taken.append((sentences, tokens, logits, step.log_normaliser))
        state = step.state
        going &= tokens != eos
        if time < longest and should_look(device, time):
            kept = going.tolist()
            if not any(kept):
                break
            if not all(kept):
                rows = going.nonzero().flatten()
                sentences, limits, tokens, going = (part[rows] for part in (sentences, limits, tokens, going))
                state = state.select(rows)
    return _collect(batch, taken, eos)


def _collect(batch: int, taken: list[tuple[Tensor, ...]], eos: int) -> list[Hypothesis]:
    """Put each sentence's tokens together, step by step, up to its first `<eos>`."""
    sentences, tokens, logits, log_normalisers = (torch.cat(parts) for parts in zip(*taken, strict=True))
    dtype = score_dtype(logits.device)
    token_scores = logits.to(dtype) - log_normalisers.to(dtype)
    found: list[tuple[list[int], list[float]]] = [([], []) for _ in range(batch)]
    for sentence, token, score in zip(sentences.tolist(), tokens.tolist(), token_scores.tolist(), strict=True):
        ids, scores = found[sentence]
        if not ids or ids[-1] != eos:
            ids.append(token)
            scores.append(score)
    hypotheses = []
    for sentence, (ids, scores) in enumerate(found):
        total = sum(scores)
        if not total > -torch.inf:
            raise nothing_possible(sentence)
        hypotheses.append(Hypothesis(tuple(ids[:-1]), total, tuple(scores)))
    return hypotheses
