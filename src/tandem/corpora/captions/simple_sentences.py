"""Sentences of one clause: each function draws one, without its capital and full stop."""

from tandem.corpora.captions import words
from tandem.corpora.captions.clauses import (
    FRAMES,
    FULL,
    LEAN,
    ONE_EACH,
    STATIVE,
    TERSE,
    Clause,
    any_clause,
    draw_clause,
)
from tandem.corpora.captions.noun_phrases import THEY, Pen, Phrase
from tandem.corpora.captions.words import Noun

Pair = tuple[str, str]
"""German and English."""

HAD = ("dog", "cat", "farm", "bike", "car", "boat", "container", "reading", "toy", "clothes", "hat", "gadget")
"""Classes of things that belong to somebody."""


def _joined(subject: Phrase, more: Phrase) -> Phrase:
    """The subject with more after its noun."""
    return subject._replace(german=f"{subject.german} {more.german}", english=f"{subject.english} {more.english}")


def simple(pen: Pen) -> Pair:
    """Ein kleiner Hund läuft über die Wiese."""
    clause = any_clause(pen, FULL)
    return clause.german_main(), clause.english_main()


def described(pen: Pen) -> Pair | None:
    """Eine Frau in einer roten Jacke wartet auf den Bus."""
    clause = any_clause(pen, TERSE._replace(thing=0.35))
    look = _look(pen, clause.subject)
    if look is None or clause.verb.base == "wear":
        return None
    clause = clause._replace(subject=_joined(clause.subject, look))
    return clause.german_main(), clause.english_main()


def _look(pen: Pen, subject: Phrase) -> Phrase | None:
    """What somebody wears or how their hair is: "in einer roten Jacke", "mit langen Haaren"."""
    noun = subject.noun
    if noun is None or noun in pen.lexicon.animals:
        kinds: dict[str, str] = {"collar": "mit"} if noun and noun.kind in ("dog", "cat") else {}
    else:
        kinds = {"clothes": "in", "hat": "mit", "eyewear": "mit", "hair": "mit"}
        if noun.kind == "woman" or noun.singular == "Mädchen":
            kinds["dress"] = "in"
        elif noun.kind == "man":
            kinds["beard"] = "mit"
    if "blond" in subject.english.split():
        kinds.pop("hair", None)
    if not kinds or noun is None or noun.kind == "infant":
        return None
    kind = pen.pick(tuple(kinds))
    worn = pen.favor([noun for noun in pen.lexicon.nouns.values() if noun.kind == kind])
    phrase = pen.own(worn, "dat", None, subject.plural, 1.0 if kind in ("hair", "beard", "collar") else 0.7)
    english = {"in": "in", "mit": "with"}[kinds[kind]]
    return Phrase(f"{kinds[kind]} {phrase.german}", f"{english} {phrase.english}")


def placed_first(pen: Pen) -> Pair | None:
    """Im Park spielt ein Kind."""
    clause = any_clause(pen, FULL._replace(located=1.0, ongoing=0.0), ("accusative", "plain", "plain", "prepositional"))
    return _fronted(clause)


def _fronted(clause: Clause) -> Pair | None:
    place, rest = clause.place, clause._replace(place=None)
    if place is None:
        return None
    german = f"{place.german} {rest.german_inverted()}"
    if clause.verb.infinitive in STATIVE and not clause.things and not clause.adverb:
        verb = clause.verb.base if clause.subject.plural else clause.verb.english_third
        return german, f"{place.english} {verb} {clause.subject.english}"
    return german, f"{place.english}, {rest.english_main()}"


def timed_first(pen: Pen) -> Pair:
    """Am Abend liest eine Frau ein Buch."""
    german, english = pen.pick(pen.lexicon.clause_words.times)
    clause = any_clause(pen, LEAN._replace(ongoing=0.0))
    return f"{german} {clause.german_inverted()}", f"{english}, {clause.english_main()}"


def things(pen: Pen) -> Pair | None:
    """Auf dem Tisch liegt ein Buch."""
    clause = any_clause(pen, FULL._replace(adverb=0.0, ongoing=0.0, located=1.0), ("things",))
    return _fronted(clause) if pen.chance(0.5) else (clause.german_main(), clause.english_main())


def couple(pen: Pen) -> Pair | None:
    """Ein Mann und eine Frau tanzen auf dem Platz."""
    frame = pen.pick(FRAMES)
    verb = pen.favor(pen.lexicon.verbs[frame])
    first, second = (pen.subject(verb.subjects, 0.15, many=0.05) for _ in range(2))
    if first.noun is second.noun:
        return None
    both = Phrase(
        f"{first.german} und {second.german}",
        f"{first.english} and {second.english}",
        plural=True,
        pronoun=THEY,
    )
    clause = draw_clause(pen, verb, frame, LEAN, both)
    return clause.german_main(), clause.english_main()


def group(pen: Pen) -> Pair | None:
    """Eine Gruppe von Kindern spielt im Schnee."""
    frame = pen.pick(("prepositional", "plain", "motion"))
    verb = pen.favor(pen.lexicon.verbs[frame])
    noun = pen.pick(verb.subjects)
    if noun.plural is None or noun.kind in ("car", "transit") or verb.english in ONE_EACH:
        return None
    members = pen.write(noun, "gen", words.BARE, True, 0.4)
    bare = members.german == noun.german("gen", plural=True)
    german = f"von {noun.german('dat', plural=True)}" if bare else members.german
    whole = Phrase(f"eine Gruppe {german}", f"a group of {members.english}", noun=noun)
    clause = draw_clause(pen, verb, frame, LEAN, whole)
    return clause.german_main(), clause.english_main()


def _owned(pen: Pen, noun: Noun) -> Phrase:
    """Something and whose it is: "der Hund des alten Mannes"."""
    owners = [noun for noun in pen.lexicon.people if noun.kind in ("man", "woman", "kid")]
    owner = pen.owner(owners)
    article = words.ARTICLE["nom", noun.gender]
    return Phrase(
        f"{article} {noun.singular} {owner.german}",
        f"{owner.english} {noun.english}",
        pronoun=pen.pronoun(noun, False),
        noun=noun,
    )


def owned(pen: Pen) -> Pair | None:
    """Der Hund des Mannes schläft unter dem Tisch."""
    frame = pen.pick(("plain", "motion", "things"))
    verb = pen.favor(pen.lexicon.verbs[frame])
    had = [noun for noun in verb.subjects if _can_be_had(noun)]
    if not had:
        return None
    clause = draw_clause(pen, verb, frame, LEAN._replace(located=1.0), _owned(pen, pen.pick(had)))
    return clause.german_main(), clause.english_main()


def _can_be_had(noun: Noun) -> bool:
    return noun.kind in HAD and not noun.plural_in_english


def colored(pen: Pen) -> Pair | None:
    """Die Jacke der Frau ist rot."""
    noun = pen.pick([noun for noun in pen.lexicon.nouns.values() if _can_be_had(noun)])
    colors = pen.lexicon.colors[noun]
    if not colors:
        return None
    color = pen.pick(colors)
    subject = _owned(pen, noun)
    pen.pairs.append((color.english, noun.english))
    return f"{subject.german} ist {color.german}", f"{subject.english} is {color.english}"
