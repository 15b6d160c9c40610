"""Which sources are held out of a corpus that has no validation pairs of its own."""

from collections.abc import Mapping, Sequence

from tandem.errors import CorpusError
from tandem.preparation.chunks import chance_rank


def held_out(sizes: Mapping[str, int], pairs: int, fraction: float, seed: int, *, at_most: int) -> set[str]:
    """The sources whose pairs, about `fraction` of all `pairs` and no more than `at_most`, are not trained on.

    `sizes`: how many pairs each normalised source has, at least of those that come first by chance (`Counting`). All
    pairs of a source are held out together, so they may be a little fewer than asked for, or more if even the rarest
    source has more. Which ones follows from the texts and the seed, so it is the same on every machine. Raises
    CorpusError for fewer than two sources.

    With a `fraction` of 0 nothing is held out. Then these are sources that are trained on and validated on, too.
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
    """Sources in this order with about so many pairs in all; the rarest one where each has more."""
    held: set[str] = set()
    for source in ranked:
        if sizes[source] <= wanted:
            held.add(source)
            wanted -= sizes[source]
    return held or {min(ranked, key=lambda source: sizes[source])}
