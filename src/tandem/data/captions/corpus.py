"""The corpus: captions drawn until there are enough, and shared out so that the test asks for something new."""

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from tandem.data.captions.lexicon import is_held_out, lexicon
from tandem.data.captions.noun_phrases import Pen
from tandem.data.captions.phrases import plain_phrases, varied_phrases
from tandem.data.captions.sentences import draw_sentence

Pairs = list[tuple[str, str]]

TRAIN, VALIDATION, TEST = 10_000, 500, 500
NOVEL = 320
"""How many sentences of the validation split, and of the test split, hold a pair of words that training never joins."""
LONGEST = 16
"""Words in the longest sentence, German or English."""
SPARE = 2
"""How many times over the other two splits are drawn, since some sentences turn out not to be learnable."""
RAREST = 3
"""How often training shows every word form of the other two splits, at the least."""
SEED = 20_1409_3215


class Captions(NamedTuple):
    """The built-in corpus; every split is a tuple of German and English sentences."""

    train: tuple[tuple[str, str], ...]
    validation: tuple[tuple[str, str], ...]
    test: tuple[tuple[str, str], ...]


def word_forms(sentence: str) -> list[str]:
    """The lower-cased words of a sentence, without punctuation."""
    return re.findall(r"\w+", sentence.lower())


@cache
def captions() -> Captions:
    """German picture captions with English translations, and some everyday phrases, written by a grammar of ours.

    The same for ever, and made in about a second. No German sentence occurs twice, and each has one translation. About two
    thirds of the validation and of the test sentences join an adjective with a noun, or a verb with an object, that
    never meet in the training split, though each word is well known from it.
    """
    pen = Pen(lexicon(), SEED)
    said, varied = plain_phrases(), varied_phrases(lexicon())
    said += [pair for number, pair in enumerate(varied) if number % 20]
    asked = varied[::20]
    known, novel = _drawn(pen, TRAIN - len(said) + SPARE * (VALIDATION + TEST - 2 * NOVEL), SPARE * 2 * NOVEL)
    drilled = TRAIN - len(said)
    train = _shuffled(pen, said + known[:drilled])
    known, novel = _learnable(train, asked + known[drilled:]), _learnable(train, novel)
    rest = VALIDATION - NOVEL
    validation = _shuffled(pen, novel[:NOVEL] + known[:rest])
    test = _shuffled(pen, novel[NOVEL : 2 * NOVEL] + known[rest : 2 * rest])
    return Captions(tuple(train), tuple(validation), tuple(test))


def _drawn(pen: Pen, known_wanted: int, novel_wanted: int) -> tuple[Pairs, Pairs]:
    """So many captions for training, and so many with a pair of words that is held out from it."""
    seen: set[str] = set()
    known: Pairs = []
    novel: Pairs = []
    while len(known) < known_wanted or len(novel) < novel_wanted:
        pair, joined = draw_sentence(pen)
        if pair[0] in seen or max(text.count(" ") for text in pair) >= LONGEST:
            continue
        seen.add(pair[0])
        (novel if any(is_held_out(*words) for words in joined) else known).append(pair)
    return known, novel


def _learnable(train: Pairs, pairs: Pairs) -> Pairs:
    """The pairs whose every word form training shows often enough."""
    counts = [Counter(form for pair in train for form in word_forms(pair[side])) for side in (0, 1)]
    return [
        pair
        for pair in pairs
        if all(counts[side][form] >= RAREST for side in (0, 1) for form in word_forms(pair[side]))
    ]


def _shuffled(pen: Pen, pairs: Pairs) -> Pairs:
    """The pairs in a drawn order."""
    left = list(pairs)
    for last in range(len(left) - 1, 0, -1):
        other = pen.below(last + 1)
        left[last], left[other] = left[other], left[last]
    return left
