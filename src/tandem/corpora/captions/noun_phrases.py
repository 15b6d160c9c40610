"""Noun phrases, drawn at random and written in both languages at once."""

import random
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from tandem.corpora.captions import words
from tandem.corpora.captions.lexicon import Lexicon
from tandem.corpora.captions.words import Adjective, Case, Determiner, Gender, Noun, Relation

T = TypeVar("T")


class Pronoun(NamedTuple):
    """How a subject is taken up again: "er", "he", and whose its things are."""

    german: str
    english: str
    owner: Determiner


HE = Pronoun("er", "he", words.HIS)
SHE = Pronoun("sie", "she", words.HER)
SHE_NEUTER = Pronoun("es", "she", words.HERS_BY_GRAMMAR)
IT_MASCULINE = Pronoun("er", "it", words.ITS)
IT_FEMININE = Pronoun("sie", "it", words.ITS_FEMININE)
IT_NEUTER = Pronoun("es", "it", words.ITS)
THEY = Pronoun("sie", "they", words.THEIR)

COMMON = ("Mann", "Frau", "Junge", "Mädchen", "Kind", "Hund", "Katze", "Vogel", "Pferd")
"""Whom most pictures show."""
SKEW = 4.0
"""Above 1: of ten choices the first is drawn more than half the time, the last hardly ever; but see `EVEN`."""
EVEN = 0.5
"""The probability that all choices are alike after all, so that no word is rare."""
ALWAYS_PLURAL = ("shoes", "hair")
ALWAYS_DEFINITE = ("Schnee", "Regen", "Sonne", "Sand", "Boden", "Meer", "Gras", "Treppe")
COUNTED = (
    *("man", "woman", "kid", "infant", "dog", "cat", "bird", "farm", "wild", "fruit", "vegetable", "baked", "flower"),
    *("toy", "stick", "reading", "container", "tableware", "clothes", "hat", "dress", "car"),
)
"""Of which a picture may show several; of anything else it shows one."""
WORN = ("hat", "clothes", "dress", "shoes", "extra", "eyewear")
OWNED = (*WORN, "bike", "container", "gadget", "toy", "reading", "instrument")
"""What somebody may call their own: "sein Fahrrad"."""
MEASURES = {
    "Kaffee": ("eine Tasse", "a cup of"),
    "Tee": ("eine Tasse", "a cup of"),
    "Wasser": ("ein Glas", "a glass of"),
    "Saft": ("ein Glas", "a glass of"),
    "Milch": ("ein Glas", "a glass of"),
    "Bier": ("eine Flasche", "a bottle of"),
    "Limonade": ("eine Flasche", "a bottle of"),
}
"""What a drink comes in; their nominative is their accusative."""
PLURALS = (*words.NUMERALS, *words.NUMERALS[:2], words.DEFINITE)


class Phrase(NamedTuple):
    """A noun phrase in both languages."""

    german: str
    english: str
    plural: bool = False
    """Whether its German verb is plural; the English one is too."""
    pronoun: Pronoun | None = None
    """None where a person would hesitate, as with a child."""
    noun: Noun | None = None
    """The noun at its head, None when there are several."""


class Pen:
    """Draws at random and keeps account of the pairs of words that it has joined.

    Only `random()` of the generator is used, the one method whose numbers Python promises never to change.
    """

    def __init__(self, lexicon: Lexicon, seed: int) -> None:
        """Begin with this lexicon; the same seed draws the same for ever."""
        self.lexicon = lexicon
        self.pairs: list[tuple[str, str]] = []
        """English adjective and noun, or verb and object, since somebody last emptied this list."""
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all alike."""
        return choices[self.below(len(choices))]

    def favor(self, choices: Sequence[T]) -> T:
        """One of the choices, the earlier ones more often than the later, as words are in any text."""
        power = 1.0 if self.chance(EVEN) else SKEW
        return choices[int(self._random() ** power * len(choices))]

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, the limit."""
        return int(self._random() * limit)

    def adjectives(self, noun: Noun, rate: float, awake: bool = False) -> tuple[Adjective, ...]:
        """None, one or, rarely, two adjectives that suit the noun; `rate` is the probability of any.

        What is `awake` is not called sleeping.
        """
        if not self.chance(rate):
            return ()
        describing, colors = self.lexicon.describing[noun], self.lexicon.colors[noun]
        if describing and colors and self.chance(0.07):
            drawn: tuple[Adjective, ...] = (self.favor(describing), self.favor(colors))
        elif describing or colors:
            drawn = (self.favor(self.pick([choices for choices in (describing, colors) if choices])),)
        else:
            return ()
        if awake and any(adjective.english == "sleeping" for adjective in drawn):
            return ()
        self.pairs.extend((adjective.english, noun.english) for adjective in drawn)
        return drawn

    def write(self, noun: Noun, case: Case, determiner: Determiner, plural: bool, rate: float) -> Phrase:
        """The noun in this case, behind this determiner, perhaps with adjectives."""
        adjectives = self.adjectives(noun, rate, awake=case in ("nom", "gen"))
        gender: Gender = "pl" if plural else noun.gender
        ending = determiner.declension[case, gender]
        german = words.spaced(
            determiner.form(case, gender),
            *[a.inflected(ending) for a in adjectives],
            noun.german(case, plural),
        )
        english = " ".join([*[a.english for a in adjectives], noun.translation(plural)])
        if determiner is words.INDEFINITE and not noun.plural_in_english:
            english = words.with_article(english)
        elif determiner is not words.INDEFINITE and determiner.english:
            english = f"{determiner.english} {english}"
        return Phrase(german, english, plural, self.pronoun(noun, plural), noun)

    def pronoun(self, noun: Noun, plural: bool) -> Pronoun | None:
        """What takes the noun up again."""
        if plural:
            return THEY
        if noun in self.lexicon.animals:
            return {"m": IT_MASCULINE, "f": IT_FEMININE}.get(noun.gender, IT_NEUTER)
        if noun not in self.lexicon.people or noun.gender == "n":
            return SHE_NEUTER if noun.singular == "Mädchen" else None
        return HE if noun.gender == "m" else SHE

    def subject(self, nouns: Sequence[Noun], rate: float, many: float = 0.25) -> Phrase:
        """Somebody or something that acts; `many` is the probability of several."""
        common = [noun for noun in nouns if noun.singular in COMMON]
        noun = self.favor(common or nouns) if self.chance(0.65) else self.pick(nouns)
        if noun.plural is None:
            return self.write(noun, "nom", words.BARE, False, rate)
        if noun.english_plural and self.chance(many):
            return self.write(noun, "nom", self.pick((*PLURALS, words.BARE)), True, rate)
        determiner = words.DEFINITE if self.chance(0.15) else words.INDEFINITE
        return self.write(noun, "nom", determiner, False, rate)

    def thing(self, noun: Noun, case: Case, subject: Phrase, rate: float, many: float = 0.2) -> Phrase:
        """What somebody does something to, with or for; `many` is the probability of several."""
        if noun.singular in MEASURES and self.chance(0.4):
            german, english = MEASURES[noun.singular]
            return Phrase(f"{german} {noun.singular}", f"{english} {noun.english}", noun=noun)
        if noun.plural is None:
            return self.write(noun, case, words.BARE, False, rate)
        if noun.kind in ALWAYS_PLURAL:
            return self.write(noun, case, words.BARE, True, rate)
        if subject.pronoun and subject.noun in self.lexicon.people and noun.kind in OWNED and self.chance(0.15):
            return self.write(noun, case, subject.pronoun.owner, subject.plural and noun.kind in WORN, rate)
        if not noun.plural_in_english and noun.kind in COUNTED and self.chance(many):
            bare = () if noun in self.lexicon.people else (words.BARE, words.BARE)
            return self.write(noun, case, self.pick((*PLURALS, *bare)), True, rate)
        definite = noun.singular in ALWAYS_DEFINITE or self.chance(0.12)
        return self.write(noun, case, words.DEFINITE if definite else words.INDEFINITE, False, rate)

    def own(self, noun: Noun, case: Case, owner: Determiner | None, plural: bool, rate: float) -> Phrase:
        """What everybody has one of, such as a garment; `plural` says whether there are several owners."""
        several = noun.kind in ALWAYS_PLURAL or plural
        indefinite = words.BARE if several else words.INDEFINITE
        return self.write(noun, case, owner or indefinite, several, rate)

    def place(self, relation: Relation, rate: float) -> Phrase:
        """A place with its preposition; any word after it is left to the clause."""
        noun = relation.noun
        definite = noun.singular in ALWAYS_DEFINITE or self.chance(0.75)
        determiner = words.DEFINITE if definite else words.INDEFINITE
        phrase = self.write(noun, relation.case, determiner, False, rate)
        german = words.with_preposition(relation.preposition, phrase.german)
        return Phrase(german, f"{relation.english} {phrase.english}")

    def owner(self, nouns: Sequence[Noun], rate: float = 0.3) -> Phrase:
        """The owner of something, in the genitive: "des alten Mannes", "the old man's"."""
        plural = self.chance(0.2)
        phrase = self.write(self.pick(nouns), "gen", words.DEFINITE, plural, rate)
        return phrase._replace(english=words.possessive(phrase.english))
