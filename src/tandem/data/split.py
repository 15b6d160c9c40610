"""Carving a held-out part off a corpus that has none."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from tandem.data.corpus import Pair
from tandem.errors import CorpusError


def carve(
    pairs: Sequence[Pair], fraction: float, seed: int, *, at_most: int | None = None
) -> tuple[list[Pair], list[Pair]]:
    """Split pairs into a training part and a held-out part of about `fraction` of them.

    All pairs of one source text go to the same part, so the held-out part may be a little smaller than
    asked for; `at_most` bounds its number of pairs, unless even the rarest source has more. Both parts keep
    the order of `pairs`. Which sources are held out follows from their texts and the seed by SHA-256, so it
    is the same on every machine and Python version. Raises CorpusError for a fraction outside (0, 1), a
    bound under 1 and fewer than two distinct sources.
    """
    if not 0 < fraction < 1:
        raise CorpusError(f"A held-out fraction must lie between 0 and 1, both excluded, but is {fraction}.")
    if at_most is not None and at_most < 1:
        raise CorpusError(f"A held-out part must have at least one pair, but at most {at_most} were asked for.")
    sizes = Counter(pair.source for pair in pairs)
    if len(sizes) < 2:
        raise CorpusError(
            f"A held-out part needs at least two distinct source texts, but the {len(pairs):,} pairs have "
            f"{len(sizes)}. Give a validation corpus of its own, or more data."
        )
    wanted = min(max(1, round(fraction * len(pairs))), len(pairs) - 1, at_most or len(pairs))
    held = _choose(sizes, wanted, seed)
    train = [pair for pair in pairs if pair.source not in held]
    return train, [pair for pair in pairs if pair.source in held]


def _choose(sizes: Counter[str], wanted: int, seed: int) -> set[str]:
    """Sources in the seed's order, as many as fit into `wanted` pairs; the rarest one when none fits."""
    shuffled = sorted(sizes, key=lambda source: _rank(source, seed))
    held: set[str] = set()
    for source in shuffled:
        if sizes[source] <= wanted:
            held.add(source)
            wanted -= sizes[source]
    return held or {min(shuffled, key=lambda source: sizes[source])}


def _rank(source: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{source}".encode("utf-8", "surrogatepass")).digest()
