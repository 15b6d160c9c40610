"""The lexicon: the tables read into words, and which words suit each other."""

import zlib
from dataclasses import dataclass
from functools import cache

from tandem.corpora.captions import lexicon_nouns, lexicon_verbs
from tandem.corpora.captions.lexicon_adjectives import COLORS, DESCRIBING
from tandem.corpora.captions.lexicon_places import PLACES_AT, WAYS
from tandem.corpora.captions.words import CASES, GENDERS, Adjective, Case, Gender, Noun, Relation, Verb

HELD_OUT_SHARE = 8
"""One in so many pairs of adjective and noun, or of verb and object, is kept out of the training split."""


def is_held_out(first: str, noun: str) -> bool:
    """Whether an English adjective or verb and a noun never meet in the training split."""
    return zlib.crc32(f"{first} {noun}".encode()) % HELD_OUT_SHARE == 0


@dataclass(frozen=True)
class Lexicon:
    """All words, by class, by frame, and by the place they name."""

    nouns: dict[str, Noun]
    """By German singular."""
    people: tuple[Noun, ...]
    animals: tuple[Noun, ...]
    describing: dict[Noun, tuple[Adjective, ...]]
    colors: dict[Noun, tuple[Adjective, ...]]
    verbs: dict[str, tuple[Verb, ...]]
    """By frame: "accusative", "dative", "prepositional", "giving", "plain", "motion", "things"."""
    places: dict[str, tuple[Relation, ...]]
    """By tag: where something can be."""
    ways: dict[str, tuple[Relation, ...]]
    """By tag: where to, or along which way, something can move."""


def _lines(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines()]


def _case(text: str) -> Case:
    return CASES[CASES.index(text)]


def _noun(kind: str, line: str) -> Noun:
    german, flexion, plural, english, english_plural = line.split()
    gender_letter, _, ending = flexion.partition("-")
    gender: Gender = GENDERS[GENDERS.index(gender_letter)]
    weak = ending in ("n", "en")
    genitive = german if gender == "f" else german + (ending or "s")
    many = None if plural == "-" else plural
    return Noun(
        kind=kind,
        gender=gender,
        singular=german,
        oblique=german + ending if weak else german,
        genitive=genitive,
        plural=many,
        dative_plural=many and (many if many[-1] in "ns" else many + "n"),
        english=english,
        english_plural={"-": None, "=": english}.get(english_plural, english_plural),
        plural_in_english=english_plural == "=",
    )


class _Reader:
    """Reads the tables that refer to nouns by class or by name."""

    def __init__(self, kinds: dict[str, tuple[Noun, ...]]) -> None:
        self.kinds = kinds
        self.nouns = {noun.singular: noun for kind in kinds.values() for noun in kind}

    def meant(self, words: str) -> tuple[Noun, ...]:
        found: dict[Noun, None] = {}
        for word in words.split():
            found.update(dict.fromkeys((self.nouns[word],) if word[0].isupper() else self.kinds[word]))
        return tuple(found)

    def adjectives(self, table: str) -> dict[Noun, tuple[Adjective, ...]]:
        suiting: dict[Noun, list[Adjective]] = {noun: [] for noun in self.nouns.values()}
        for line in _lines(table):
            words, _, nouns = line.partition("|")
            german, stem, english = words.split()
            adjective = Adjective(german, {"-": german, "!": None}.get(stem, stem), english)
            for noun in self.meant(nouns):
                suiting[noun].append(adjective)
        return {noun: tuple(adjectives) for noun, adjectives in suiting.items()}

    def verbs(self, table: str, columns: str) -> tuple[Verb, ...]:
        return tuple(self._verb(line, columns.split()) for line in _lines(table))

    def _verb(self, line: str, columns: list[str]) -> Verb:
        words, *cells = [cell.strip() for cell in line.split("|")]
        cell = dict(zip(columns, cells, strict=True))
        german, english = words.split(", ")
        infinitive, third = german.split()
        base, english_third, progressive, *after = english.split()
        prefix, _, stem = infinitive.removeprefix("sich_").rpartition("+")
        preposition, _, case = cell.get("marking", " acc").rpartition(" ")
        return Verb(
            infinitive=stem,
            third=third,
            prefix=prefix,
            reflexive=infinitive.startswith("sich_"),
            base=base,
            english_third=english_third,
            progressive=progressive,
            after=" ".join(after),
            preposition=preposition.strip(),
            case=_case(case),
            subjects=self.meant(cell["subjects"]),
            objects=self.meant(cell.get("objects", "")),
            places=tuple(cell["places"].split()),
            adverbs=tuple(cell["adverbs"].split()),
            reasons=tuple(cell["reasons"].split()),
        )

    def relations(self, table: str, after: bool) -> dict[str, tuple[Relation, ...]]:
        tagged: dict[str, list[Relation]] = {}
        for line in _lines(table):
            preposition, case, name, english, *tags = line.split()
            word = tags.pop(0) if after and tags[0] in ("-", "entlang", "hinauf", "hinunter") else ""
            relation = Relation(
                preposition=preposition.replace("_", " ").replace("-", ""),
                case=_case(case),
                noun=self.nouns[name],
                after=word.replace("-", ""),
                english=english.replace("_", " "),
            )
            for tag in tags:
                tagged.setdefault(tag, []).append(relation)
        return {tag: tuple(relations) for tag, relations in tagged.items()}


@cache
def lexicon() -> Lexicon:
    """The lexicon, read once."""
    tables = lexicon_nouns.PEOPLE | lexicon_nouns.ANIMALS | lexicon_nouns.THINGS | lexicon_nouns.PLACES
    kinds = {kind: tuple(_noun(kind, line) for line in _lines(table)) for kind, table in tables.items()}
    people = tuple(noun for kind in lexicon_nouns.PEOPLE for noun in kinds[kind])
    animals = tuple(noun for kind in lexicon_nouns.ANIMALS for noun in kinds[kind])
    reader = _Reader(kinds | {"person": people, "animal": animals})
    with_object = "subjects objects places adverbs reasons"
    without = "subjects places adverbs reasons"
    return Lexicon(
        nouns=reader.nouns,
        people=people,
        animals=animals,
        describing=reader.adjectives(DESCRIBING),
        colors=reader.adjectives(COLORS),
        verbs={
            "accusative": reader.verbs(lexicon_verbs.ACCUSATIVE, with_object),
            "dative": reader.verbs(lexicon_verbs.DATIVE, with_object),
            "prepositional": reader.verbs(
                lexicon_verbs.PREPOSITIONAL, "subjects marking objects places adverbs reasons"
            ),
            "giving": reader.verbs(lexicon_verbs.GIVING, with_object),
            "plain": reader.verbs(lexicon_verbs.PLAIN, without),
            "motion": reader.verbs(lexicon_verbs.MOTION, without),
            "things": reader.verbs(lexicon_verbs.THINGS_AT, without),
        },
        places=reader.relations(PLACES_AT, after=False),
        ways=reader.relations(WAYS, after=True),
    )
