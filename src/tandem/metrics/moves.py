"""Translation edit rate by sacreBLEU, with a bound on the time that one sentence takes."""

from collections.abc import Callable, Sequence
from typing import Any

from sacrebleu.metrics.lib_ter import _MAX_SHIFT_CANDIDATES, BeamEditDistance, _shift
from sacrebleu.metrics.ter import TER

_MOST_WORDS = 50 * (_MAX_SHIFT_CANDIDATES + 11)
"""Words of all the candidates of one sentence, each the sentence with a phrase moved. sacreBLEU tries about a thousand
candidates, so up to 50 words nothing is left out; without a bound, scrambled sentences of 400 take 12 seconds each."""


class BoundedTER(TER):
    """sacreBLEU's metric, which tries fewer moves in long sentences, counts these, and tells of its progress."""

    def __init__(self, *, case_sensitive: bool, on_progress: Callable[[int], object]) -> None:
        """`on_progress` gets the number of sentences that were done, each time that some were."""
        super().__init__(case_sensitive=case_sensitive)
        self.cut = 0
        """Sentences so far of which not all moves were tried that sacreBLEU would try."""
        self._on_progress = on_progress

    def _compute_segment_statistics(self, hypothesis: str, ref_kwargs: dict[str, Any]) -> list[float]:
        """The fewest edits to any reference, and the mean length of the references."""
        words = hypothesis.split()
        references: list[list[str]] = ref_kwargs["ref_words"]
        found = [_edits(words, reference) for reference in references]
        self.cut += not all(complete for _, complete in found)
        self._on_progress(1)
        return [min(edits for edits, _ in found), sum(map(len, references)) / len(references)]


class _EnoughTried(Exception):
    """The candidates of a sentence have too many words in all."""


class _Distance:
    """sacreBLEU's edit distance to a reference, for so many candidates and no more."""

    def __init__(self, reference: Sequence[str], most: int) -> None:
        self._distance = BeamEditDistance(list(reference))
        self._left = most
        self.current: list[str] = []
        """The sentence that the candidates are made of; it is none itself."""

    def __call__(self, words: list[str]) -> tuple[int, str]:
        if words is not self.current:
            if not self._left:
                raise _EnoughTried
            self._left -= 1
        return self._distance(words)


def _edits(words: list[str], reference: list[str]) -> tuple[int, bool]:
    """The edits that make a reference of a translation, and whether all moves were tried; sacreBLEU's algorithm."""
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
