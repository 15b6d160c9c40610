"""Translation edit rate by sacreBLEU, with a bound on the time that one sentence takes."""

from collections.abc import Callable, Sequence
from typing import Any

from sacrebleu.metrics.lib_ter import _MAX_SHIFT_CANDIDATES, BeamEditDistance, _shift
from sacrebleu.metrics.ter import TER

_MOST_WORDS = 50 * (_MAX_SHIFT_CANDIDATES + 11)
"""The number of words in all candidates of a sentence together; a candidate is the sentence with a phrase moved.

sacreBLEU tries about a thousand candidates, so up to 50 words nothing is left out. Without a bound, a scrambled
sentence of 400 words takes 12 seconds.
"""


class BoundedTER(TER):
    """sacreBLEU's metric, except that it tries fewer moves in long sentences, counts these, and reports progress."""

    def __init__(self, *, case_sensitive: bool, on_progress: Callable[[int], object]) -> None:
        """`on_progress` gets the number of newly completed sentences."""
        super().__init__(case_sensitive=case_sensitive)
        self.cut = 0
        """The number of sentences so far for which fewer moves were tried than sacreBLEU would try."""
        self._on_progress = on_progress

    def _compute_segment_statistics(self, hypothesis: str, ref_kwargs: dict[str, Any]) -> list[float]:
        """Return the fewest edits to any reference, and the mean length of the references."""
        words = hypothesis.split()
        references: list[list[str]] = ref_kwargs["ref_words"]
        results = [_edits(words, reference) for reference in references]
        self.cut += not all(complete for _, complete in results)
        self._on_progress(1)
        return [min(edits for edits, _ in results), sum(map(len, references)) / len(references)]


class _EnoughTried(Exception):
    """The candidates of a sentence have reached the bound."""


class _Distance:
    """sacreBLEU's edit distance to a reference, for at most `most` candidates."""

    def __init__(self, reference: Sequence[str], most: int) -> None:
        self._distance = BeamEditDistance(list(reference))
        self._left = most
        self.current: list[str] = []
        """The sentence that the candidates are made from, which is no candidate itself."""

    def __call__(self, words: list[str]) -> tuple[int, str]:
        if words is not self.current:
            if not self._left:
                raise _EnoughTried
            self._left -= 1
        return self._distance(words)


def _edits(words: list[str], reference: list[str]) -> tuple[int, bool]:
    """Return the edits from a translation to a reference, as sacreBLEU finds them, and whether all moves were tried."""
    if not reference or not words:
        return max(len(words), len(reference)), True
    distance = _Distance(reference, _MOST_WORDS // len(words))
    moves = checked = 0
    complete = True
    while True:
        distance.current = words
        try:
            gain, moved, checked = _shift(words, reference, distance, checked)
        except _EnoughTried:
            complete = False
            break
        if checked >= _MAX_SHIFT_CANDIDATES or gain <= 0:
            break
        moves, words = moves + 1, moved
    distance.current = words
    return moves + int(distance(words)[0]), complete
