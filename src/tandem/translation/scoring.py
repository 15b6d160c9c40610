"""The log-probabilities of given targets. A source is read once, and so is each prefix that its targets share."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tandem.engines import Engine, FloatArray, Ids
from tandem.engines.engine import S
from tandem.text import EOS_ID
from tandem.text.codec import Codec, EncodedSource
from tandem.translation.messages import TargetScore

_MOST_SOURCE_TOKENS = 2**15
"""The most tokens of sources that are read together."""
_MOST_TARGET_TOKENS = 2**13
"""The most tokens of targets that are read together: the decoder's output at each token is kept in memory."""


def score_pairs(
    engine: Engine[Any],
    codec: Codec,
    sources: Sequence[str],
    targets: Sequence[str],
    prefixes: Sequence[str],
    batch_size: int,
) -> list[TargetScore]:
    """Return the score of each target given its source, as the continuation of its prefix."""
    places = {text: place for place, text in enumerate(dict.fromkeys(sources))}
    encoded = codec.encode_sources(list(places))
    own_sources = [encoded[places[source]] for source in sources]
    wanted: list[list[list[int]]] = [[] for _ in places]
    pairs: list[tuple[int, int, int]] = []  # the source of each pair, its target, and the number of prefix tokens
    written = (codec.encode_targets(texts, own_sources) for texts in (targets, prefixes))
    for source, ids, prefix in zip(sources, *written, strict=True):
        own = wanted[places[source]]
        pairs.append((places[source], len(own), len(prefix)))
        own.append([*prefix, *ids, EOS_ID])
    scores = score_targets(engine, [source.ids for source in encoded], wanted, batch_size)
    return [
        _target_score(codec, wanted[place][rank][skipped:], scores[place][rank][skipped:], encoded[place])
        for place, rank, skipped in pairs
    ]


def _target_score(codec: Codec, ids: list[int], scores: FloatArray, source: EncodedSource) -> TargetScore:
    token_scores = tuple(scores.tolist())
    return TargetScore(math.fsum(scores), tuple(codec.target.tokens(ids[:-1], source.pieces)), token_scores, source.cut)


def score_targets(
    engine: Engine[S], sources: Sequence[Ids], targets: Sequence[Sequence[Ids]], batch_size: int
) -> list[list[FloatArray]]:
    """Return the log-probability in nats of each token of each target of each source.

    Sources are framed; targets have no `<sos>`. At most `batch_size` sources are read together.
    """
    scores: list[list[FloatArray]] = [[np.zeros(0)] * len(own) for own in targets]
    order = sorted(range(len(sources)), key=lambda n: (max(map(len, targets[n]), default=0), len(sources[n])))
    for batch in in_pieces([len(sources[n]) for n in order], _MOST_SOURCE_TOKENS, batch_size):
        numbers = order[batch]
        state = engine.start([sources[n] for n in numbers])
        # Sorting puts targets with the same beginning side by side, so that most of them land in the same piece.
        pairs = [
            (row, place)
            for row, n in enumerate(numbers)
            for place in sorted(range(len(targets[n])), key=lambda place: list(targets[n][place]))
        ]
        wanted = [targets[numbers[row]][place] for row, place in pairs]
        for piece in in_pieces([len(ids) for ids in wanted], _MOST_TARGET_TOKENS, len(wanted)):
            rows = np.array([row for row, _ in pairs[piece]])
            for (row, place), values in zip(pairs[piece], engine.score(state, rows, wanted[piece]), strict=True):
                scores[numbers[row]][place] = values
    return scores


def in_pieces(sizes: Sequence[int], most: int, most_items: int) -> Iterator[slice]:
    """Yield slices of up to `most_items` neighbours whose sizes add up to at most `most`, or of one larger item."""
    begin, total = 0, 0
    for place, size in enumerate(sizes):
        if place > begin and (total + size > most or place - begin == most_items):
            yield slice(begin, place)
            begin, total = place, 0
        total += size
    if begin < len(sizes):
        yield slice(begin, len(sizes))
