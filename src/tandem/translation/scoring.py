"""How probable models find given targets: a source is read once, and so is each beginning that its targets share.

Letters: N targets, T steps, P distinct beginnings, V vocabulary, D what the output layer reads.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from tandem.batches import pad_sentences
from tandem.engines.ensemble import Average
from tandem.engines.torch_engine import ModelStepper
from tandem.models.decoder import DecoderState
from tandem.models.prefixes import target_tree
from tandem.search.normaliser import log_normaliser

Ids: TypeAlias = list[int]

_MOST_SOURCE_TOKENS = 2**15
"""Of sources that are read together."""
_MOST_TARGET_TOKENS = 2**13
"""Of targets that are read together: what the decoder puts out at each is held, so this bounds the memory."""
_BLOCK = 2**20
"""Logits that exist at one time."""


@torch.no_grad()
def score_targets(
    members: Sequence[ModelStepper],
    average: Average,
    sources: Sequence[Ids],
    targets: Sequence[Sequence[Ids]],
    device: torch.device,
    batch_size: int,
) -> list[list[list[float]]]:
    """The log-probabilities of the tokens of each of a source's `targets`, in nats: one a token after the first.

    What several members predict is averaged. Sources and targets are framed by `<sos>` and `<eos>`. So many sources
    at most are read together.
    """
    scores: list[list[list[float]]] = [[[]] * len(own) for own in targets]
    order = sorted(range(len(sources)), key=lambda n: (max(map(len, targets[n]), default=0), len(sources[n])))
    for batch in _pieces([len(sources[n]) for n in order], _MOST_SOURCE_TOKENS, batch_size):
        numbers = order[batch]
        source, lengths = pad_sentences([sources[n] for n in numbers])
        states = [member.start(source.to(device), lengths) for member in members]
        # Those of a source that begin alike stand together, so that they are seldom parted.
        pairs = [
            (row, place)
            for row, n in enumerate(numbers)
            for place in sorted(range(len(targets[n])), key=targets[n].__getitem__)
        ]
        wanted = [targets[numbers[row]][place] for row, place in pairs]
        for piece in _pieces([len(ids) - 1 for ids in wanted], _MOST_TARGET_TOKENS, len(wanted)):
            rows = [row for row, _ in pairs[piece]]
            found = _score_piece(members, average, states, rows, wanted[piece], device)
            for (row, place), values in zip(pairs[piece], found, strict=True):
                scores[numbers[row]][place] = values
    return scores


def _score_piece(
    members: Sequence[ModelStepper],
    average: Average,
    states: Sequence[DecoderState],
    rows: list[int],
    targets: Sequence[Ids],
    device: torch.device,
) -> list[list[float]]:
    """The scores of some targets, which continue these `rows` of the members' states, in ascending order."""
    needed = torch.arange(rows[0], rows[-1] + 1, device=device)
    inputs, lengths = pad_sentences([ids[:-1] for ids in targets])
    tree, places = target_tree(inputs, lengths, torch.tensor(rows) - rows[0], device)
    features = [member.read(tree, state.select(needed)) for member, state in zip(members, states, strict=True)]
    steps = np.arange(len(inputs)) < lengths.numpy()[:, None]  # (T,) against (N, 1) -> (N, T)
    flat = _token_scores(
        members,
        average,
        features,
        torch.from_numpy(places.T[steps]),
        torch.tensor([token for ids in targets for token in ids[1:]]),
    ).tolist()
    ends = accumulate(lengths.tolist(), initial=0)
    return [flat[begin:end] for begin, end in pairwise(ends)]


def _token_scores(
    members: Sequence[ModelStepper], average: Average, features: Sequence[Tensor], places: Tensor, tokens: Tensor
) -> Tensor:
    """The log-probability of each of `tokens` after the beginning at its place in `features [P, D]`.

    All but the features are on the CPU.
    """
    places, order = places.sort()
    tokens = tokens[order]
    scores = torch.empty(len(tokens), dtype=torch.float64)
    height = max(1, _BLOCK // members[0].vocabulary)
    starts = range(0, len(features[0]), height)
    bounds = torch.searchsorted(places, torch.tensor([*starts, len(features[0])])).tolist()
    for start, (begin, end) in zip(starts, pairwise(bounds), strict=True):
        block = slice(start, start + height)
        logits, normaliser = _together(
            [m.logits(own[block]) for m, own in zip(members, features, strict=True)], average
        )
        rows, columns = (part.to(logits.device) for part in (places[begin:end] - start, tokens[begin:end]))
        scores[order[begin:end]] = (logits[rows, columns] - normaliser[rows]).double().cpu()
    return scores


def _together(logits: Sequence[Tensor], average: Average) -> tuple[Tensor, Tensor]:
    """What the members predict together: logits `[n, V]` and their log-normalisers `[n]`."""
    normalisers = [log_normaliser(own) for own in logits]
    return (logits[0], normalisers[0]) if len(logits) == 1 else average(logits, normalisers)


def _pieces(sizes: Sequence[int], most: int, most_items: int) -> Iterator[slice]:
    """Neighbours whose sizes add up to `most` at most, and that are no more than so many; at least one each."""
    begin, total = 0, 0
    for place, size in enumerate(sizes):
        if place > begin and (total + size > most or place - begin == most_items):
            yield slice(begin, place)
            begin, total = place, 0
        total += size
    if begin < len(sizes):
        yield slice(begin, len(sizes))
