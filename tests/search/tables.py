"""Steppers written by hand: every next token's logit depends on the source and on the whole prefix."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from tandem.search import Hypothesis, Step

UNK, PAD, SOS, EOS = range(4)
BANNED = (UNK, PAD, SOS)
_PLACES = 1999  # a prime


class TableState(NamedTuple):
    places: Tensor  # (N,) the row of the table that the source and the prefix lead to

    def select(self, rows: Tensor) -> "TableState":
        return TableState(self.places[rows])


@dataclass
class TableStepper:
    """Looks the logits up in a table, `[places, V]`; which place follows is a hash of place and token."""

    table: Tensor
    rows_of_steps: list[int] = field(default_factory=list)

    def start(self, source: Tensor, lengths: Tensor) -> TableState:
        places = torch.zeros(source.shape[1], dtype=torch.int64)
        for position, tokens in enumerate(source):
            places = torch.where(position < lengths, self.follow(places, tokens), places)
        return TableState(places)

    def step(self, tokens: Tensor, state: TableState) -> Step[TableState]:
        self.rows_of_steps.append(len(tokens))
        places = self.follow(state.places, tokens)
        logits = self.table[places]
        return Step(logits, logits.logsumexp(dim=1), TableState(places))

    def follow(self, places: Tensor, tokens: Tensor) -> Tensor:
        return (places * 31 + tokens * 7 + 1) % len(self.table)


def random_table(
    seed: int, vocabulary: int = 7, dtype: torch.dtype = torch.float64, levels: int | None = None
) -> TableStepper:
    """Return a table of random logits; with `levels` they take few values, so that there are many ties."""
    generator = torch.Generator().manual_seed(seed)
    table = 2 * torch.randn(_PLACES, vocabulary, generator=generator, dtype=torch.float64)
    if levels is not None:
        table = torch.randint(levels, table.shape, generator=generator).double()
    return TableStepper(table.to(dtype))


def random_sources(seed: int, batch: int, vocabulary: int = 7) -> tuple[Tensor, Tensor]:
    """Return `[S, B]` sources and their lengths; what stands behind a source's end must not matter."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 7, (batch,), generator=generator)
    return torch.randint(vocabulary, (int(lengths.max()), batch), generator=generator), lengths


def log_probabilities(stepper: TableStepper, source: Tensor, length: int, prefix: Sequence[int]) -> list[float]:
    """Return the log-probability of each token after a prefix, for one source `[S]`."""
    state = stepper.start(source[:, None], torch.tensor([length]))
    for token in (SOS, *prefix):
        logits, log_normaliser, state = stepper.step(torch.tensor([token]), state)
    scores: list[float] = (logits.double() - log_normaliser.double()[:, None])[0].tolist()
    return scores


def all_hypotheses(
    stepper: TableStepper,
    source: Tensor,
    length: int,
    max_length: int,
    length_penalty: float,
    banned: Sequence[int],
) -> list[Hypothesis]:
    """Return every possible output of one source, best first."""

    def grow(prefix: tuple[int, ...], scores: tuple[float, ...]) -> Iterator[Hypothesis]:
        for token, score in enumerate(log_probabilities(stepper, source, length, prefix)):
            if token in banned or score == -math.inf:
                continue
            if token == EOS:
                ended = (*scores, score)
                yield Hypothesis(prefix, sum(ended) / len(ended) ** length_penalty, ended)
            elif len(prefix) < max_length:
                yield from grow((*prefix, token), (*scores, score))

    return sorted(grow((), ()), key=lambda hypothesis: -hypothesis.score)


def plain_beam(
    stepper: TableStepper,
    source: Tensor,
    length: int,
    max_length: int,
    beam_size: int,
    n_best: int,
    length_penalty: float,
    banned: Sequence[int],
) -> list[Hypothesis]:
    """Search one source with Python lists: slow, and easy to see through."""
    live: list[tuple[float, tuple[int, ...], tuple[float, ...]]] = [(0.0, (), ())]
    complete: list[Hypothesis] = []
    for time in range(max_length + 1):
        grown = []
        for total, prefix, scores in live:
            for token, score in enumerate(log_probabilities(stepper, source, length, prefix)):
                possible = token == EOS if time == max_length else token not in banned
                if possible and score > -math.inf:
                    grown.append((total + score, (*prefix, token), (*scores, score)))
        grown.sort(key=lambda one: -one[0])  # stable: the better parent first, then the lower token id
        for total, ids, scores in grown[:beam_size]:
            if ids[-1] == EOS:
                complete.append(Hypothesis(ids[:-1], total / len(scores) ** length_penalty, scores))
        live = [one for one in grown if one[1][-1] != EOS][:beam_size]
        complete = sorted(complete, key=lambda hypothesis: -hypothesis.score)[:n_best]
        if len(complete) == n_best and all(one[0] / (time + 2) ** length_penalty <= complete[-1].score for one in live):
            break
    return complete
