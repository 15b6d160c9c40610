"""The kinds of words and how German and English bend them."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Case: TypeAlias = Literal["nom", "acc", "dat", "gen"]
Gender: TypeAlias = Literal["m", "f", "n", "pl"]
"""The plural takes the place of a gender: German has one set of endings for it."""


@dataclass(frozen=True, eq=False, slots=True)
class Noun:
    """A noun with every form it has; `plural` and `english_plural` are None where it has none."""

    kind: str
    gender: Gender
    singular: str
    oblique: str
    """The accusative and dative singular: the nominative but for weak nouns (der Junge, den Jungen)."""
    genitive: str
    plural: str | None
    dative_plural: str | None
    english: str
    english_plural: str | None
    plural_in_english: bool
    """Whether the English word is a plural itself (eine Brille: glasses)."""

    @property
    def uncountable(self) -> bool:
        """Whether it takes no indefinite article (frische Milch: fresh milk)."""
        return self.plural is None

    def german(self, case: Case, plural: bool) -> str:
        """The German form."""
        if plural:
            form = self.dative_plural if case == "dat" else self.plural
            return form or self.singular
        if case == "nom":
            return self.singular
        return self.genitive if case == "gen" else self.oblique

    def translation(self, plural: bool) -> str:
        """The English form."""
        return (self.english_plural or self.english) if plural else self.english


@dataclass(frozen=True, eq=False, slots=True)
class Adjective:
    """An adjective; `stem` takes the endings, or is None when the word takes none (rosa)."""

    german: str
    stem: str | None
    english: str

    def inflected(self, ending: str) -> str:
        """The form before a noun."""
        return self.german if self.stem is None else self.stem + ending


@dataclass(frozen=True, eq=False, slots=True)
class Verb:
    """A verb in one of its meanings: who does it, to what, where, how and why."""

    infinitive: str
    """Without prefix."""
    third: str
    prefix: str
    """What a main clause leaves at its end (hebt ... auf)."""
    reflexive: bool
    base: str
    english_third: str
    progressive: str
    after: str
    """The English words that follow the verb in every form: "pick up", "look at"."""
    preposition: str
    """What the German object stands with, or nothing."""
    case: Case
    subjects: tuple[Noun, ...]
    objects: tuple[Noun, ...]
    places: tuple[str, ...]
    adverbs: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def name(self) -> str:
        """The dictionary form, under which the tables of clauses list it."""
        return ("sich_" if self.reflexive else "") + self.prefix + self.infinitive

    @property
    def english(self) -> str:
        """The English dictionary form."""
        return f"{self.base} {self.after}".rstrip()


@dataclass(frozen=True, eq=False, slots=True)
class Relation:
    """A place and how one is at it or goes to it, as preposition, case and a word after the place."""

    preposition: str
    case: Case
    noun: Noun
    after: str
    english: str


class Determiner(NamedTuple):
    """What stands before the adjectives of a noun phrase."""

    german: str
    endings: dict[tuple[Case, Gender], str]
    declension: dict[tuple[Case, Gender], str]
    english: str

    def form(self, case: Case, gender: Gender) -> str:
        """The German form; empty where there is no determiner."""
        return self.german + self.endings[case, gender]


CASES: tuple[Case, ...] = ("nom", "acc", "dat", "gen")
GENDERS: tuple[Gender, ...] = ("m", "f", "n", "pl")


def _paradigm(table: str) -> dict[tuple[Case, Gender], str]:
    """Four cases of four endings (m, f, n, plural); `-` is an empty ending."""
    endings = [ending.replace("-", "") for ending in table.split()]
    keys = [(case, gender) for case in CASES for gender in GENDERS]
    return dict(zip(keys, endings, strict=True))


NONE = _paradigm("- - - -  - - - -  - - - -  - - - -")
ARTICLE = _paradigm("der die das die  den die das die  dem der dem den  des der des der")
EIN = _paradigm("- e - e  en e - e  em er em en  es er es er")
STRONG = _paradigm("er e es e  en e es e  em er em en  en er en er")
MIXED = _paradigm("er e es en  en e es en  en en en en  en en en en")
WEAK = _paradigm("e e e en  en e e en  en en en en  en en en en")

BARE = Determiner("", NONE, STRONG, "")
INDEFINITE = Determiner("ein", EIN, MIXED, "a")
DEFINITE = Determiner("", ARTICLE, WEAK, "the")
HIS = Determiner("sein", EIN, MIXED, "his")
HER = Determiner("ihr", EIN, MIXED, "her")
HERS_BY_GRAMMAR = Determiner("sein", EIN, MIXED, "her")
"""Das Mädchen is neuter: its owner is "sein" and "her"."""
ITS = Determiner("sein", EIN, MIXED, "its")
ITS_FEMININE = Determiner("ihr", EIN, MIXED, "its")
THEIR = Determiner("ihr", EIN, MIXED, "their")
NUMERALS = (
    Determiner("zwei", NONE, STRONG, "two"),
    Determiner("drei", NONE, STRONG, "three"),
    Determiner("vier", NONE, STRONG, "four"),
    Determiner("mehrer", STRONG, STRONG, "several"),
    Determiner("einig", STRONG, STRONG, "some"),
    Determiner("viel", STRONG, STRONG, "many"),
)

_CONTRACTIONS = {
    "in dem": "im",
    "in das": "ins",
    "an dem": "am",
    "an das": "ans",
    "zu dem": "zum",
    "zu der": "zur",
    "von dem": "vom",
}


def spaced(*words: str) -> str:
    """The words that are not empty, with a space between."""
    return " ".join([word for word in words if word])


def with_preposition(preposition: str, phrase: str) -> str:
    """A preposition before a noun phrase, contracted with its article where German does so (im Park)."""
    first, _, rest = phrase.partition(" ")
    contracted = _CONTRACTIONS.get(f"{preposition} {first}")
    return f"{contracted} {rest}" if contracted else spaced(preposition, phrase)


def with_article(words: str) -> str:
    """The words after "a" or "an", by the sound that they begin with."""
    return f"an {words}" if words[0] in "aeiou" and not words.startswith("uni") else f"a {words}"


def possessive(owner: str) -> str:
    """The English genitive (the man's, the boys')."""
    return owner + ("'" if owner.endswith("s") else "'s")
