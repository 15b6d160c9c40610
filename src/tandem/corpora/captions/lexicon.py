"""The lexicon: all words of the corpus, read from the tables in `data/`, and which words suit each other."""

import tomllib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pydantic import TypeAdapter

from tandem.corpora.captions.words import CASES, GENDERS, Adjective, Case, Gender, Noun, Relation, Verb

HELD_OUT_SHARE = 8
"""One in so many pairs of adjective and noun, or of verb and object, is kept out of the training split."""


def is_held_out(first: str, noun: str) -> bool:
    """Return whether an English adjective or verb and a noun never meet in the training split."""
    return zlib.crc32(f"{first} {noun}".encode()) % HELD_OUT_SHARE == 0


@dataclass(frozen=True)
class ClauseWords:
    """The small words around a clause: German with English."""

    adverbs: dict[str, str]
    """English adverbs by German ones."""
    times: tuple[tuple[str, str], ...]
    """German and English."""
    feelings: dict[str, str]
    """German adjectives by English ones: reasons that speak of the subject."""
    weather: dict[str, tuple[str, str]]
    """German and English sentences by name: reasons that speak of the weather."""
    despite: tuple[str, ...]
    """Names of the weather that somebody defies."""
    feats: frozenset[str]
    """Dictionary forms of the verbs that somebody tries or wants to do."""
    purposes: tuple[tuple[str, str, tuple[str, ...]], ...]
    """A German direction, its English, and the verbs that one goes there for."""


@dataclass(frozen=True)
class EverydayPhrases:
    """Phrases that are not captions: German and English."""

    names: tuple[str, ...]
    """Given names, the same in both languages."""
    calls: tuple[tuple[str, str], ...]
    """Greetings and exclamations without their final punctuation."""
    questions: tuple[tuple[str, str], ...]
    """Questions without their question mark."""
    about_names: tuple[tuple[str, str], ...]
    """Sentences with `{}` where a name belongs."""


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
    """By frame, such as "accusative" or "motion"."""
    places: dict[str, tuple[Relation, ...]]
    """By tag: where something can be."""
    ways: dict[str, tuple[Relation, ...]]
    """By tag: where to, or along which way, something can move."""
    clause_words: ClauseWords
    phrases: EverydayPhrases


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
            word = tags.pop(0) if after else ""
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


def _table(name: str) -> dict[str, Any]:
    """Read one of the tables in `data/`."""
    return tomllib.loads((resources.files("tandem.corpora.captions") / "data" / name).read_text(encoding="utf-8"))


@cache
def read_lexicon() -> Lexicon:
    """Return the lexicon, which is read once."""
    groups = {
        group: {kind: tuple(_noun(kind, line) for line in _lines(text)) for kind, text in classes.items()}
        for group, classes in _table("nouns.toml").items()
    }
    kinds = {kind: nouns for classes in groups.values() for kind, nouns in classes.items()}
    people, animals = (_joined(groups[group].values()) for group in ("people", "animals"))
    reader = _Reader(kinds | {"person": people, "animal": animals})
    adjectives, places = _table("adjectives.toml"), _table("places.toml")
    return Lexicon(
        nouns=reader.nouns,
        people=people,
        animals=animals,
        describing=reader.adjectives(adjectives["describing"]),
        colors=reader.adjectives(adjectives["colors"]),
        verbs={frame: reader.verbs(table["verbs"], table["columns"]) for frame, table in _table("verbs.toml").items()},
        places=reader.relations(places["at"], after=False),
        ways=reader.relations(places["ways"], after=True),
        clause_words=TypeAdapter(ClauseWords).validate_python(_table("clauses.toml")),
        phrases=TypeAdapter(EverydayPhrases).validate_python(_table("phrases.toml")),
    )


def _joined(classes: Iterable[tuple[Noun, ...]]) -> tuple[Noun, ...]:
    return tuple(noun for nouns in classes for noun in nouns)
