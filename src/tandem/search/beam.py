"""Beam search over all sentences at once, without a loop over sentences or hypotheses.

Letters: `B` sentences that are still searched, `W` live hypotheses of each (1 before the first step, later
up to the beam size `K`), `N = B * W` rows of a step, `M` the best continuations that are looked at, up to
`2 K`, `V` vocabulary.
"""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from tandem.names import LARGEST_LENGTH_PENALTY
from tandem.search.continuations import Bans, Continuations, best_continuations, make_bans
from tandem.search.devices import score_dtype, should_look
from tandem.search.hypothesis import Hypothesis
from tandem.search.limits import check_banned, length_range, nothing_possible
from tandem.search.selection import largest
from tandem.search.stepper import S, Step, Stepper
from tandem.search.trellis import ROOT, Trellis


class _Rules(NamedTuple):
    """What does not change during one search."""

    beam_size: int
    n_best: int
    length_penalty: float
    eos: int
    bans: Bans
    shortest: int  # the smallest of max_lengths
    longest: int  # the largest


class _Live(NamedTuple):
    """The hypotheses that go on, best first."""

    sentences: Tensor  # (B,) which sentence of the input
    limits: Tensor  # (B,) its largest number of tokens
    tokens: Tensor  # (B, W) the last token of each
    scores: Tensor  # (B, W) log-probability so far; minus infinity where there is no hypothesis
    nodes: Tensor  # (B, W) where they stand in the trellis


class _Complete(NamedTuple):
    """The best complete hypotheses of all sentences of the input, best first, (sentences, n_best) each."""

    scores: Tensor  # what they are ranked by; minus infinity where there is none
    nodes: Tensor


@torch.no_grad()
def beam(
    stepper: Stepper[S],
    source: Tensor,
    lengths: Tensor,
    *,
    sos: int,
    eos: int,
    max_lengths: Tensor,
    beam_size: int,
    n_best: int = 1,
    length_penalty: float = 0.0,
    banned: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """Search left to right with a beam, all sentences at once (Sutskever et al. 2014, section 3.2).

    At each step the `beam_size` most probable continuations of the live hypotheses are kept; one that ends in
    `<eos>` leaves the beam as complete, and the next best takes its place. A sentence is finished, and leaves
    the batch, once no live hypothesis would rank above the worst of `n_best` complete ones, even if it ended
    with the next token and at no cost. Without a length penalty nothing better can follow; with one a
    hypothesis might yet make up for it by further tokens of high probability, which is not waited for.
    Among equals the continuation of the better hypothesis comes first, then the lower token id, and of
    complete hypotheses the shorter.

    Args:
        stepper: what scores the next tokens.
        source: int64 `[S, sentences]`, time-major.
        lengths: `[sentences]`, of the sources.
        sos: the id that is fed first.
        eos: the id that ends an output.
        max_lengths: `[sentences]`, the largest number of tokens of each output, `<eos>` not counted. At the
            limit only `<eos>` may follow, so every output ends.
        beam_size: live hypotheses of a sentence.
        n_best: hypotheses returned for a sentence, at most `beam_size`.
        length_penalty: hypotheses rank by log-probability / (number of tokens, `<eos>` counted) **
            length_penalty; 0 is the paper's plain sum. Which continuations stay in the beam is decided by
            the plain sum.
        banned: ids that are never put out. They are left out before choosing; the probabilities of the
            others are those that the stepper gave, not renormalised.

    Returns:
        for each sentence, in the order of the sources, its finished hypotheses, best first: `n_best` of them,
        or all that were found where there are fewer.

    Raises:
        ValueError: when an argument is out of its range, or `max_lengths` does not fit `source`.
        TandemError: when a sentence has no output of a probability above zero.
    """
    _check(beam_size, n_best, length_penalty)
    check_banned(eos, banned)
    shortest, longest = length_range(source, max_lengths)
    sentences, device = source.shape[1], source.device
    if sentences == 0:
        return []
    rules = _Rules(beam_size, n_best, length_penalty, eos, make_bans(banned, device), shortest, longest)
    live = _first(sentences, sos, max_lengths.to(device))
    trellis = Trellis()
    complete = _search(stepper, stepper.start(source, lengths), live, rules, trellis)
    return _collect(complete, trellis)


def _search(stepper: Stepper[S], state: S, live: _Live, rules: _Rules, trellis: Trellis) -> _Complete:
    """Run the steps, and return the best complete hypotheses as nodes of the trellis, which grows."""
    device = live.scores.device
    nothing = live.scores.new_full((len(live.sentences), rules.n_best), -torch.inf)
    complete = _Complete(nothing, torch.full_like(nothing, ROOT, dtype=torch.int64))
    for time in range(rules.longest + 1):
        step = stepper.step(live.tokens.flatten(), state)
        found = _continue(step, live, rules, time)
        nodes = trellis.add(found.tokens, found.token_scores, live.nodes.gather(1, found.parents))
        complete = _record(found, nodes, complete, live.sentences, rules, length=time + 1)
        if time == rules.longest:
            break
        live, rows = _refill(found, nodes, live, rules)
        going = _may_improve(live, complete, rules, length=time + 2)
        # What is finished stays so until it leaves: whatever may follow is impossible.
        live = live._replace(scores=live.scores.masked_fill(~going[:, None], -torch.inf))
        if should_look(device, time):
            kept = going.nonzero().flatten()
            if len(kept) == 0:
                break
            if len(kept) < len(rows):
                live, rows = _Live(*(part[kept] for part in live)), rows[kept]
        state = step.state.select(rows.flatten())
    return complete


def _check(beam_size: int, n_best: int, length_penalty: float) -> None:
    if not 1 <= n_best <= beam_size:
        raise ValueError(
            f"n_best must be at least 1 and at most beam_size, but n_best is {n_best} and beam_size is"
            f" {beam_size}; ask for fewer hypotheses or a wider beam."
        )
    if not 0 <= length_penalty <= LARGEST_LENGTH_PENALTY:
        raise ValueError(f"length_penalty must be 0 to {LARGEST_LENGTH_PENALTY:g}, but it is {length_penalty}.")


def _first(sentences: int, sos: int, limits: Tensor) -> _Live:
    """Return one empty hypothesis a sentence, of log-probability 0."""
    tokens = torch.full((sentences, 1), sos, dtype=torch.int64, device=limits.device)
    return _Live(
        sentences=torch.arange(sentences, device=limits.device),
        limits=limits,
        tokens=tokens,
        scores=torch.zeros_like(tokens, dtype=score_dtype(limits.device)),
        nodes=torch.full_like(tokens, ROOT),
    )


def _continue(step: Step[S], live: _Live, rules: _Rules, time: int) -> Continuations:
    """Return the best 2 K continuations: at most K of them end, so that K can go on."""
    at_limit = None
    if time >= rules.shortest:
        at_limit = (live.limits <= time).repeat_interleave(live.scores.shape[1])
    return best_continuations(step, live.scores, 2 * rules.beam_size, rules.eos, rules.bans, at_limit)


def _record(
    found: Continuations, nodes: Tensor, complete: _Complete, sentences: Tensor, rules: _Rules, length: int
) -> _Complete:
    """Add the hypotheses of `length` tokens that ended in `<eos>` among the best K continuations."""
    best = slice(0, rules.beam_size)
    ended = found.tokens[:, best] == rules.eos
    scores = (found.scores[:, best] / length**rules.length_penalty).masked_fill(~ended, -torch.inf)
    # Those found before stand first and win among equals.
    scores = torch.cat([complete.scores[sentences], scores], dim=1)
    nodes = torch.cat([complete.nodes[sentences], nodes[:, best]], dim=1)
    scores, places = largest(scores, rules.n_best)
    return _Complete(
        complete.scores.index_copy(0, sentences, scores),
        complete.nodes.index_copy(0, sentences, nodes.gather(1, places)),
    )


def _refill(found: Continuations, nodes: Tensor, live: _Live, rules: _Rules) -> tuple[_Live, Tensor]:
    """Return the best K that go on, and which row (B, W) of the step's state each of them continues."""
    open_scores = found.scores.masked_fill(found.tokens == rules.eos, -torch.inf)
    scores, places = largest(open_scores, min(rules.beam_size, open_scores.shape[1]))
    batch, width = live.scores.shape
    first_rows = torch.arange(0, batch * width, width, device=scores.device)
    refilled = _Live(
        sentences=live.sentences,
        limits=live.limits,
        tokens=found.tokens.gather(1, places),
        scores=scores,
        nodes=nodes.gather(1, places),
    )
    return refilled, first_rows[:, None] + found.parents.gather(1, places)


def _may_improve(live: _Live, complete: _Complete, rules: _Rules, length: int) -> Tensor:
    """Return (B,) whether a live hypothesis would rank above the worst complete one that is kept, were it to end so.

    `length` is its number of tokens then, one more than now. Log-probabilities only fall.
    """
    best: Tensor = live.scores[:, 0] / length**rules.length_penalty
    return best > complete.scores[live.sentences, -1]


def _collect(complete: _Complete, trellis: Trellis) -> list[list[Hypothesis]]:
    """Read the hypotheses out of the trellis; those returned are the only ones that become Python objects."""
    tokens, token_scores = trellis.read(complete.nodes.flatten())
    found = zip(complete.scores.flatten().tolist(), tokens, token_scores, strict=True)
    results = []
    for sentence in range(len(complete.scores)):
        hypotheses = [
            Hypothesis(tuple(ids[:-1]), score, tuple(of_each))
            for score, ids, of_each in islice(found, complete.scores.shape[1])
            if score > -torch.inf
        ]
        if not hypotheses:
            raise nothing_possible(sentence)
        results.append(hypotheses)
    return results
