"""The corpus: captions drawn until there are enough, shared out so that the test asks for something new."""

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from tandem.corpora.captions.lexicon import is_held_out, read_lexicon
from tandem.corpora.captions.noun_phrases import Pen
from tandem.corpora.captions.phrases import plain_phrases, varied_phrases
from tandem.corpora.captions.sentences import draw_sentence

TRAIN, VALIDATION, TEST = 10_000, 500, 500
NOVEL = 265
"""How many sentences of the validation split, and of the test split, join a pair of words that is held out."""
LONGEST = 16
"""Words in the longest sentence, German or English."""
RAREST = 3
"""How often the training split shows each of its word forms, at the least."""
FAMILIAR = 12
"""How often the training split shows every word form of the other two splits, at the least."""
SPARE = 1_000
"""Captions drawn beyond those needed, since some hold a word form that is too rare."""
SEED = 2014_1409_3215


class Captions(NamedTuple):
    """The built-in corpus; every split is a tuple of German sentences with their English translations."""

    train: tuple[tuple[str, str], ...]
    validation: tuple[tuple[str, str], ...]
    test: tuple[tuple[str, str], ...]


class _Entry(NamedTuple):
    pair: tuple[str, str]
    forms: tuple[str, ...]
    """Its word forms in both languages, lower-cased, the English ones behind a mark."""


@cache
def captions() -> Captions:
    """German picture captions with English translations, and some everyday phrases, written by a grammar of ours.

    The same for ever, and made in about a second. No German sentence occurs twice, and each has one translation.
    More than half of the validation and of the test sentences join an adjective with a noun, or a verb with an
    object, that never meet in the training split, though it shows each of the two words often enough.
    """
    pen = Pen(read_lexicon(), SEED)
    varied = [_entry(pair) for pair in varied_phrases(read_lexicon())]
    said = [_entry(pair) for pair in plain_phrases(read_lexicon().phrases)]
    said += [entry for number, entry in enumerate(varied) if number % 20]
    drilled = TRAIN - len(said)
    others = VALIDATION + TEST - 2 * NOVEL
    known, novel = _drawn(pen, drilled + others + SPARE, 2 * NOVEL + SPARE // 2)

    train = _without_rare(said + known[:drilled])
    more = _showing(train, RAREST, known[drilled:])
    missing = TRAIN - len(train)
    train += more[:missing]
    left, novel = (_showing(train, FAMILIAR, entries) for entries in (varied[::20] + more[missing:], novel))

    plain = VALIDATION - NOVEL
    return Captions(
        train=_shuffled(pen, train),
        validation=_shuffled(pen, novel[:NOVEL] + left[:plain]),
        test=_shuffled(pen, novel[NOVEL : 2 * NOVEL] + left[plain:others]),
    )


def _entry(pair: tuple[str, str]) -> _Entry:
    german, english = (re.findall(r"\w+", text.lower()) for text in pair)
    return _Entry(pair, (*german, *["=" + form for form in english]))


def _drawn(pen: Pen, known_wanted: int, novel_wanted: int) -> tuple[list[_Entry], list[_Entry]]:
    """So many captions for training, and so many that join a pair of words that is held out from it."""
    seen: set[str] = set()
    known: list[_Entry] = []
    novel: list[_Entry] = []
    while len(known) < known_wanted or len(novel) < novel_wanted:
        pair, joined = draw_sentence(pen)
        if pair[0] in seen or max(text.count(" ") for text in pair) >= LONGEST:
            continue
        seen.add(pair[0])
        (novel if any(is_held_out(*words) for words in joined) else known).append(_entry(pair))
    return known, novel


def _without_rare(entries: list[_Entry]) -> list[_Entry]:
    """The entries that are left when none holds a word form that the rest of them hardly show."""
    while len(kept := _showing(entries, RAREST, entries)) < len(entries):
        entries = kept
    return entries


def _showing(train: list[_Entry], times: int, entries: list[_Entry]) -> list[_Entry]:
    """The entries whose every word form the training entries show so many times at least."""
    counts = Counter(form for entry in train for form in entry.forms)
    known = {form for form, count in counts.items() if count >= times}
    return [entry for entry in entries if known.issuperset(entry.forms)]


def _shuffled(pen: Pen, entries: list[_Entry]) -> tuple[tuple[str, str], ...]:
    """Their pairs in a drawn order."""
    pairs = [entry.pair for entry in entries]
    for last in range(len(pairs) - 1, 0, -1):
        other = pen.below(last + 1)
        pairs[last], pairs[other] = pairs[other], pairs[last]
    return tuple(pairs)
