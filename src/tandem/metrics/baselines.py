"""Baselines that need no training; a model should be better."""

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

_MOST_COMPARED = 2**22  # The number of pairs of texts that are compared, which takes a few seconds
_TOGETHER = 64  # The number of sources whose distances are in memory at a time


def nearest_targets(sources: Sequence[str], training: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each source the target of the nearest training source.

    The distance is the number of character edits divided by the length of the longer text; of equally near sources, the
    first counts. Of a large corpus, only the first training pairs are compared, which takes a few seconds. Raise
    ValueError without training pairs.
    """
    if not training:
        raise ValueError("there are no training pairs: the nearest one needs at least one")
    compared = training[: max(1, _MOST_COMPARED // max(len(sources), 1))]
    texts = [source for source, _ in compared]
    targets: list[str] = []
    for start in range(0, len(sources), _TOGETHER):
        some = sources[start : start + _TOGETHER]
        distances = cdist(some, texts, scorer=Levenshtein.normalized_distance, dtype=np.float32, workers=-1)
        targets += [compared[index][1] for index in distances.argmin(axis=1).tolist()]
    return targets
