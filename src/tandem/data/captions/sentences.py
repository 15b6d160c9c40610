"""The kinds of sentences: each draws one caption in German and English, without its capital and full stop."""

from collections.abc import Callable

from tandem.data.captions import words
from tandem.data.captions.clauses import (
    FULL,
    LEAN,
    LOCATED,
    ONE_EACH,
    STATIVE,
    TERSE,
    Clause,
    Detail,
    draw_clause,
    draw_place,
)
from tandem.data.captions.lexicon_clauses import DESPITE, FEATS, FEELINGS, PURPOSES, TIMES, WEATHER
from tandem.data.captions.noun_phrases import THEY, Pen, Phrase
from tandem.data.captions.words import Noun

Pair = tuple[str, str]
Kind = Callable[[Pen], Pair | None]
"""Draws a sentence, or nothing when the dice fell badly."""

FRAMES = (
    ("accusative",) * 10 + ("prepositional",) * 4 + ("plain",) * 5 + ("motion",) * 4 + ("giving", "dative")
)


def _clause(
    pen: Pen, detail: Detail, frames: tuple[str, ...] = FRAMES, subject: Phrase | None = None
) -> Clause:
    frame = pen.pick(frames)
    return draw_clause(pen, pen.favor(pen.lexicon.verbs[frame]), frame, detail, subject)


def _clause_of(pen: Pen, subject: Phrase, tag: str) -> Clause | None:
    """Something that the subject may do where the tag says."""
    frame = pen.pick(("accusative", "accusative", "prepositional", "dative"))
    verbs = pen.lexicon.verbs[frame]
    fitting = [verb for verb in verbs if subject.noun in verb.subjects and tag in verb.places]
    return draw_clause(pen, pen.favor(fitting), frame, TERSE, subject) if fitting else None


def _joined(subject: Phrase, more: Phrase) -> Phrase:
    """The subject with more after its noun."""
    return subject._replace(
        german=f"{subject.german} {more.german}", english=f"{subject.english} {more.english}"
    )


def simple(pen: Pen) -> Pair:
    """Ein kleiner Hund läuft über die Wiese."""
    clause = _clause(pen, FULL)
    return clause.german_main(), clause.english_main()


def described(pen: Pen) -> Pair | None:
    """Eine Frau in einer roten Jacke wartet auf den Bus."""
    clause = _clause(pen, TERSE._replace(thing=0.35))
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
    if not kinds or noun is None or noun.kind == "infant":
        return None
    kind = pen.pick(tuple(kinds))
    worn = pen.favor([noun for noun in pen.lexicon.nouns.values() if noun.kind == kind])
    phrase = pen.own(worn, "dat", None, subject.plural, 1.0 if kind in ("hair", "beard", "collar") else 0.7)
    english = {"in": "in", "mit": "with"}[kinds[kind]]
    return Phrase(f"{kinds[kind]} {phrase.german}", f"{english} {phrase.english}")


def placed_first(pen: Pen) -> Pair | None:
    """Im Park spielt ein Kind."""
    clause = _clause(
        pen, FULL._replace(located=1.0, ongoing=0.0), ("accusative", "plain", "plain", "prepositional")
    )
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
    german, english = pen.pick(TIMES)
    clause = _clause(pen, LEAN._replace(ongoing=0.0))
    return f"{german} {clause.german_inverted()}", f"{english}, {clause.english_main()}"


def things(pen: Pen) -> Pair | None:
    """Auf dem Tisch liegt ein Buch."""
    clause = _clause(pen, FULL._replace(adverb=0.0, ongoing=0.0, located=1.0), ("things",))
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
    plain = words.german_words(noun.german("gen", plural=True))
    german = f"von {noun.german('dat', plural=True)}" if members.german == plain else members.german
    whole = Phrase(f"eine Gruppe {german}", f"a group of {members.english}", noun=noun)
    clause = draw_clause(pen, verb, frame, LEAN, whole)
    return clause.german_main(), clause.english_main()


def sitting_and(pen: Pen) -> Pair | None:
    """Ein Mann sitzt auf einer Bank und liest ein Buch."""
    infinitive, tag = pen.pick((("sitzen", "seat"), ("stehen", "stand")))
    verb = next(verb for verb in pen.lexicon.verbs["plain"] if verb.infinitive == infinitive)
    first = draw_clause(pen, verb, "plain", LEAN._replace(adverb=0.0, place=0.2))
    place = draw_place(pen, tag, first.subject, LEAN.place)
    second = _clause_of(pen, first.subject, tag)
    if second is None:
        return None
    first = first._replace(place=place)
    return (
        f"{first.german_main()} und {second.german_predicate()}",
        f"{first.english_main()} and {second.english_predicate()}",
    )


MARKS = ("wear", "hold", "carry", "watch", "chase")
"""What one can be told from others by: "der einen Hut trägt"."""


def relative(pen: Pen) -> Pair | None:
    """Ein Mann, der einen Hut trägt, wartet auf den Bus."""
    main = _clause(pen, TERSE, ("accusative", "prepositional", "plain", "motion"))
    noun = main.subject.noun
    marks = [verb for verb in pen.lexicon.verbs["accusative"] if verb.base in MARKS and noun in verb.subjects]
    if noun is None or not marks or main.verb.base in (*MARKS, "sleep", "fall", "wake"):
        return None
    inner = draw_clause(pen, pen.favor(marks), "accusative", TERSE._replace(thing=0.5), main.subject)
    pronoun = words.ARTICLE["nom", "pl" if main.subject.plural else noun.gender]
    who = "who" if noun in pen.lexicon.people else "that"
    added = Phrase(f", {inner.german_verb_last(pronoun)},", f"{who} {inner.english_progressive()}")
    subject = main.subject._replace(
        german=main.subject.german + added.german, english=f"{main.subject.english} {added.english}"
    )
    main = main._replace(subject=subject)
    return main.german_main(), main.english_main()


def meanwhile(pen: Pen) -> Pair | None:
    """Ein Mann kocht, während ein Kind ein Buch liest."""
    main, other = _clause(pen, TERSE), _clause(pen, TERSE)
    if main.verb is other.verb or main.subject.noun is other.subject.noun:
        return None
    german, english = f"während {other.german_verb_last()}", f"while {other.subject.english} "
    english += other.english_progressive()
    if pen.chance(0.3):
        return f"{german}, {main.german_inverted()}", f"{english}, {main.english_main()}"
    return f"{main.german_main()}, {german}", f"{main.english_main()} {english}"


def because(pen: Pen) -> Pair | None:
    """Eine Katze schläft auf dem Sofa, weil sie müde ist."""
    frame = pen.pick(("accusative", "plain", "plain", "motion"))
    verb = pen.favor([verb for verb in pen.lexicon.verbs[frame] if verb.reasons])
    clause = draw_clause(pen, verb, frame, LEAN._replace(located=0.5))
    reason = pen.pick(verb.reasons)
    if reason in WEATHER:
        german, english = WEATHER[reason]
    elif clause.subject.pronoun:
        pronoun, plural = clause.subject.pronoun, clause.subject.plural
        german = f"{pronoun.german} {FEELINGS[reason]} {'sind' if plural else 'ist'}"
        english = f"{pronoun.english} {'are' if plural else 'is'} {reason}"
    else:
        return None
    return f"{clause.german_main()}, weil {german}", f"{clause.english_main()} because {english}"


def although(pen: Pen) -> Pair | None:
    """Obwohl es regnet, spielen die Kinder im Garten."""
    clause = _clause(pen, LEAN, ("accusative", "plain", "motion"))
    if not {"out", "stroll", "play", "beach", "walk", "ride", "swim"}.intersection(clause.verb.places):
        return None
    german, english = WEATHER[pen.pick(DESPITE)]
    if pen.chance(0.4):
        return f"obwohl {german}, {clause.german_inverted()}", f"although {english}, {clause.english_main()}"
    return f"{clause.german_main()}, obwohl {german}", f"{clause.english_main()} although {english}"


def tries(pen: Pen) -> Pair | None:
    """Ein Hund versucht, einen Ball zu fangen."""
    frame = pen.pick(("accusative", "accusative", "prepositional"))
    verb = pen.favor([verb for verb in pen.lexicon.verbs[frame] if verb.name in FEATS])
    clause = draw_clause(pen, verb, frame, LOCATED._replace(subject=0.3, thing=0.4))
    plural, who = clause.subject.plural, clause.subject
    if pen.chance(0.5):
        verb, english = ("versuchen", "try to") if plural else ("versucht", "tries to")
        german = f"{who.german} {verb}, {clause.german_infinitive()}"
    else:
        verb, english = ("wollen", "want to") if plural else ("will", "wants to")
        german = f"{who.german} {verb} {clause.german_bare_infinitive()}"
    return german, f"{who.english} {english} {clause.english_infinitive()}"


def watching(pen: Pen) -> Pair | None:
    """Ein Mädchen sieht zu, wie ein Hund im See schwimmt."""
    kinds = ("man", "woman", "kid")
    watcher = pen.subject([noun for noun in pen.lexicon.people if noun.kind in kinds], 0.15)
    clause = _clause(pen, LOCATED)
    if clause.subject.noun is watcher.noun:
        return None
    german = f"{watcher.german} {'sehen' if watcher.plural else 'sieht'} zu, wie {clause.german_verb_last()}"
    english = f"{watcher.english} {'watch' if watcher.plural else 'watches'} {clause.subject.english}"
    return german, f"{english} {clause.english_infinitive()}"


def purpose(pen: Pen) -> Pair | None:
    """Eine Frau geht in die Küche, um einen Kuchen zu backen."""
    german, english, names = pen.pick(PURPOSES)
    frame = pen.pick(("accusative", "plain"))
    fitting = [verb for verb in pen.lexicon.verbs[frame] if verb.name in names]
    if not fitting:
        return None
    verb = pen.favor(fitting)
    goers: list[Noun] = [noun for noun in verb.subjects if noun.kind in ("man", "woman", "kid")]
    clause = draw_clause(pen, verb, frame, TERSE._replace(thing=0.4), pen.subject(goers, 0.3))
    who, plural = clause.subject, clause.subject.plural
    return (
        f"{who.german} {'gehen' if plural else 'geht'} {german}, um {clause.german_infinitive()}",
        f"{who.english} {'walk' if plural else 'walks'} {english} to {clause.english_infinitive()}",
    )


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
    kinds = (
        "dog",
        "cat",
        "farm",
        "bike",
        "car",
        "boat",
        "container",
        "reading",
        "toy",
        "clothes",
        "hat",
        "gadget",
    )
    return noun.kind in kinds and not noun.plural_in_english


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


KINDS: tuple[Kind, ...] = (
    (simple,) * 30
    + (described,) * 12
    + (placed_first,) * 12
    + (timed_first,) * 3
    + (things,) * 7
    + (couple,) * 5
    + (group,) * 2
    + (sitting_and,) * 5
    + (relative,) * 6
    + (meanwhile,) * 4
    + (because,) * 4
    + (although,) * 2
    + (tries,) * 5
    + (watching,) * 2
    + (purpose,) * 2
    + (owned,) * 4
    + (colored,) * 1
)
"""Each as often as it is drawn."""


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
