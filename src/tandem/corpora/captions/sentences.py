"""All kinds of sentences, each as often as it is drawn."""

from collections.abc import Callable

from tandem.corpora.captions.compound_sentences import (
    although,
    because,
    meanwhile,
    purpose,
    relative,
    sitting_and,
    tries,
    watching,
)
from tandem.corpora.captions.noun_phrases import Pen
from tandem.corpora.captions.simple_sentences import (
    colored,
    couple,
    described,
    group,
    owned,
    placed_first,
    simple,
    things,
    timed_first,
)

Pair = tuple[str, str]
"""German and English."""
Kind = Callable[[Pen], Pair | None]
"""Draws a sentence, or nothing when the dice fell badly."""

KINDS: tuple[Kind, ...] = (
    (simple,) * 34
    + (described,) * 11
    + (placed_first,) * 12
    + (timed_first,) * 3
    + (things,) * 7
    + (couple,) * 5
    + (group,) * 2
    + (sitting_and,) * 5
    + (relative,) * 5
    + (meanwhile,) * 3
    + (because,) * 4
    + (although,) * 2
    + (tries,) * 5
    + (watching,) * 2
    + (purpose,) * 2
    + (owned,) * 4
    + (colored,) * 1
)


def draw_sentence(pen: Pen) -> tuple[Pair, tuple[tuple[str, str], ...]]:
    """A caption with capital and full stop, and the pairs of English words that it joins."""
    drawn = None
    while drawn is None:
        pen.pairs.clear()
        drawn = pen.pick(KINDS)(pen)
    german, english = drawn
    return (_finished(german), _finished(english)), tuple(pen.pairs)


def _finished(text: str) -> str:
    return text[0].upper() + text[1:].replace(" ,", ",") + "."
