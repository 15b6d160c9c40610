"""What somebody would try before training anything: a model should be better than these."""

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

_MOST_COMPARED = 2**22
"""Pairs of texts that are compared: a few seconds' work."""
_TOGETHER = 64
"""Sources whose distances are held at once."""


def nearest_targets(sources: Sequence[str], training: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each source the target of the nearest training source.

    Near is what needs few edits of characters, divided by the longer one's length. Of a large corpus the first training
    pairs are looked at, so many that it takes a few seconds. Of equally near ones the first counts. ValueError without
    training pairs.
    """
    if not training:
        raise ValueError("there are no training pairs: the nearest one needs at least one")
    looked_at = training[: max(1, _MOST_COMPARED // max(len(sources), 1))]
    texts = [source for source, _ in looked_at]
    found: list[str] = []
    for start in range(0, len(sources), _TOGETHER):
        distances = cdist(
            sources[start : start + _TOGETHER],
            texts,
            scorer=Levenshtein.normalized_distance,
            dtype=np.float32,
            workers=-1,
        )
        found += [looked_at[place][1] for place in distances.argmin(axis=1).tolist()]
    return found
