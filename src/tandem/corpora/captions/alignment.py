"""Which German word an English word of a pair came from, by the dictionary that the grammar writes with.

The words of the dictionary are the nouns, adjectives, verbs and adverbs of the lexicon, in every form that the grammar
gives them, and the times of the day. An English word is aligned where a single German word of its sentence can be
meant. Where two men are in the picture, no "man" is aligned: so what is aligned is right, and little is left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from tandem.corpora.captions.lexicon import Lexicon, read_lexicon
from tandem.corpora.captions.words import CASES, MIXED, STRONG, WEAK, Adjective, Noun, Verb

Span = tuple[int, int]
"""Where a word begins and ends in its text."""


class Aligned(NamedTuple):
    """An English word and the German word that it came from."""

    target: Span
    sources: tuple[Span, ...]
    """One, or two where a verb and its prefix stand apart: "hebt" and "auf"."""


class _Unit(NamedTuple):
    """A German word, or a verb with the prefix that ends its clause."""

    forms: tuple[str, ...]
    """As the dictionary may have it."""
    spans: tuple[Span, ...]


def align_pair(german: str, english: str) -> list[Aligned]:
    """Return the words of an English sentence that are aligned, in their order, for a pair that the grammar wrote."""
    known = dictionary()
    units = list(_units(german))
    found = []
    for match in re.finditer(r"\w+", english):
        meant = known.get(match[0]) or known.get(_uncapitalised(match[0])) or ()
        fitting = [unit for unit in units if any(form in meant for form in unit.forms)]
        if len(fitting) == 1:
            found.append(Aligned(match.span(), fitting[0].spans))
    return found


@cache
def dictionary() -> Mapping[str, frozenset[str]]:
    """Return the German forms of each English form; a verb and its prefix that stand apart have a space between."""
    known: dict[str, set[str]] = {}
    for english, german in _entries(read_lexicon()):
        known.setdefault(english, set()).add(german)
    return {english: frozenset(forms) for english, forms in known.items()}


def _entries(lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """Yield English forms, each with one of its German forms."""
    around = lexicon.clause_words
    for noun in lexicon.nouns.values():
        yield from _noun_forms(noun)
    for table in (lexicon.describing, lexicon.colors):
        for adjectives in table.values():
            yield from (entry for adjective in adjectives for entry in _adjective_forms(adjective))
    afters = {relation.after for relations in lexicon.ways.values() for relation in relations}
    for frame, verbs in lexicon.verbs.items():
        for verb in verbs:
            joined = {verb.prefix, *(afters if frame == "motion" else ())}
            for english in (verb.base, verb.english_third, verb.progressive):
                yield from ((english, german) for german in _verb_forms(verb, joined))
    yield from (("watch", "sehen zu"), ("watches", "sieht zu"))  # "Ein Mann sieht zu, wie ...", which has no table
    yield from ((english, german) for german, english in around.adverbs.items())
    yield from around.feelings.items()
    yield from ((english.split()[-1], german.split()[-1]) for german, english in around.times)


def _noun_forms(noun: Noun) -> Iterator[tuple[str, str]]:
    for plural in (False, True):
        yield from ((noun.translation(plural), noun.german(case, plural)) for case in CASES)


def _adjective_forms(adjective: Adjective) -> Iterator[tuple[str, str]]:
    endings = {ending for table in (STRONG, MIXED, WEAK) for ending in table.values()}
    yield adjective.english, adjective.german
    yield from ((adjective.english, adjective.inflected(ending)) for ending in endings)


def _verb_forms(verb: Verb, joined: Iterable[str]) -> Iterator[str]:
    """Yield the German forms; `joined` are what may stand before the verb in one word."""
    for form in (verb.third, verb.infinitive):
        yield f"{form} {verb.prefix}".rstrip()
        yield from (before + form for before in joined)
    yield from (f"{before}zu{verb.infinitive}" for before in joined if before)


@cache
def _parted() -> frozenset[str]:
    """Return the forms of verbs whose prefix stands apart."""
    return frozenset(form for forms in dictionary().values() for form in forms if " " in form)


def _units(german: str) -> Iterator[_Unit]:
    """Yield the words of a German sentence. A prefix is the last word of its clause, and goes with the verb."""
    for clause in re.finditer(r"[^,.!?]+?(?= und |[,.!?]|$)", german):
        words = [
            (match[0], (clause.start() + match.start(), clause.start() + match.end()))
            for match in re.finditer(r"\w+", clause[0])
        ]
        last, end = words[-1] if words else ("", (0, 0))
        for word, span in words:
            parted = [f"{form} {last}" for form in (word, _uncapitalised(word))]
            if any(form in _parted() for form in parted):
                yield _Unit(tuple(parted), (span, end))
            else:
                yield _Unit((word, _uncapitalised(word)) if span[0] == 0 else (word,), (span,))


def _uncapitalised(word: str) -> str:
    return word[0].lower() + word[1:]
