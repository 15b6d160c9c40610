"""Chooses the sources that are held out for validation where a corpus has no validation pairs of its own."""

from collections.abc import Mapping, Sequence

from tandem.errors import CorpusError
from tandem.preparation.chunks import chance_rank


def held_out(sizes: Mapping[str, int], pairs: int, fraction: float, seed: int, *, at_most: int) -> set[str]:
    """Return the sources whose pairs, about `fraction` of all `pairs` and at most `at_most`, are not trained on.

    `sizes` has the number of pairs of each normalised source, at least for the first ones in random order
    (`Counting`). All pairs of a source are held out together, so the result may have slightly fewer pairs than
    requested, or more if even the rarest source has more. The choice depends only on the texts and the seed, so it is
    the same on every machine. Raise CorpusError for fewer than two sources.

    With a `fraction` of 0 nothing is held out: the model is trained and validated on the returned sources.
    """
    ranked = sorted(sizes, key=lambda source: chance_rank(source, seed))
    if fraction == 0:
        return _first_of(ranked, sizes, at_most)
    if len(sizes) < 2:
        raise CorpusError(
            f"A held-out part needs at least two distinct source texts, but the {pairs:,} pairs have "
            f"{len(sizes)}. Give a validation corpus of its own, or more data."
        )
    wanted = min(max(1, round(fraction * pairs)), pairs - 1, at_most)
    return _first_of(ranked, sizes, wanted)


def _first_of(ranked: Sequence[str], sizes: Mapping[str, int], wanted: int) -> set[str]:
    """Return the first sources that have about `wanted` pairs in all, or the rarest one where each has more."""
    chosen: set[str] = set()
    for source in ranked:
        if sizes[source] <= wanted:
            chosen.add(source)
            wanted -= sizes[source]
    return chosen or {min(ranked, key=lambda source: sizes[source])}
