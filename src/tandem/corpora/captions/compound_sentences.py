"""Sentences of two clauses: each function draws one, without its capital and full stop."""

from tandem.corpora.captions import words
from tandem.corpora.captions.clauses import (
    LEAN,
    LOCATED,
    TERSE,
    Clause,
    any_clause,
    draw_clause,
    draw_place,
)
from tandem.corpora.captions.noun_phrases import Pen, Phrase

Pair = tuple[str, str]
"""German and English."""


def _clause_of(pen: Pen, subject: Phrase, tag: str) -> Clause | None:
    """Something that the subject may do where the tag says."""
    frame = pen.pick(("accusative", "accusative", "prepositional", "dative"))
    verbs = pen.lexicon.verbs[frame]
    fitting = [verb for verb in verbs if subject.noun in verb.subjects and tag in verb.places]
    return draw_clause(pen, pen.favor(fitting), frame, TERSE, subject) if fitting else None


def sitting_and(pen: Pen) -> Pair | None:
    """Ein Mann sitzt auf einer Bank und liest ein Buch."""
    infinitive, tag = pen.pick((("sitzen", "seat"), ("stehen", "stand")))
    verb = next(verb for verb in pen.lexicon.verbs["plain"] if verb.infinitive == infinitive)
    subject = pen.subject(verb.subjects, LEAN.subject)
    first = Clause(verb, subject, place=draw_place(pen, tag, subject, LEAN.place))
    second = _clause_of(pen, subject, tag)
    if second is None:
        return None
    return (
        f"{first.german_main()} und {second.german_predicate()}",
        f"{first.english_main()} and {second.english_predicate()}",
    )


MARKS = ("wear", "hold", "carry", "watch")
"""What one can be told from others by: "der einen Hut trägt"."""


def relative(pen: Pen) -> Pair | None:
    """Ein Mann, der einen Hut trägt, wartet auf den Bus."""
    main = any_clause(pen, TERSE, ("accusative", "prepositional", "plain", "motion"))
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
    main, other = any_clause(pen, TERSE), any_clause(pen, TERSE)
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
    around = pen.lexicon.clause_words
    if reason in around.weather:
        german, english = around.weather[reason]
    elif clause.subject.pronoun:
        pronoun, plural = clause.subject.pronoun, clause.subject.plural
        german = f"{pronoun.german} {around.feelings[reason]} {'sind' if plural else 'ist'}"
        english = f"{pronoun.english} {'are' if plural else 'is'} {reason}"
    else:
        return None
    return f"{clause.german_main()}, weil {german}", f"{clause.english_main()} because {english}"


def although(pen: Pen) -> Pair | None:
    """Obwohl es regnet, spielen die Kinder im Garten."""
    clause = any_clause(pen, LEAN, ("accusative", "plain", "motion"))
    if not {"out", "stroll", "play", "beach", "walk", "ride", "swim"}.intersection(clause.verb.places):
        return None
    around = pen.lexicon.clause_words
    german, english = around.weather[pen.pick(around.despite)]
    if pen.chance(0.4):
        return f"obwohl {german}, {clause.german_inverted()}", f"although {english}, {clause.english_main()}"
    return f"{clause.german_main()}, obwohl {german}", f"{clause.english_main()} although {english}"


def tries(pen: Pen) -> Pair | None:
    """Ein Hund versucht, einen Ball zu fangen."""
    frame = pen.pick(("accusative", "accusative", "prepositional"))
    verb = pen.favor([verb for verb in pen.lexicon.verbs[frame] if verb.name in pen.lexicon.clause_words.feats])
    clause = draw_clause(pen, verb, frame, LOCATED._replace(subject=0.3, thing=0.4))
    plural, who = clause.subject.plural, clause.subject
    if pen.chance(0.5):
        does, english = ("versuchen", "try to") if plural else ("versucht", "tries to")
        german = f"{who.german} {does}, {clause.german_infinitive()}"
    else:
        does, english = ("wollen", "want to") if plural else ("will", "wants to")
        german = f"{who.german} {does} {clause.german_bare_infinitive()}"
    return german, f"{who.english} {english} {clause.english_infinitive()}"


def watching(pen: Pen) -> Pair | None:
    """Ein Mädchen sieht zu, wie ein Hund im See schwimmt."""
    kinds = ("man", "woman", "kid")
    watcher = pen.subject([noun for noun in pen.lexicon.people if noun.kind in kinds], 0.15)
    clause = any_clause(pen, LOCATED)
    if clause.subject.noun is watcher.noun:
        return None
    german = f"{watcher.german} {'sehen' if watcher.plural else 'sieht'} zu, wie {clause.german_verb_last()}"
    english = f"{watcher.english} {'watch' if watcher.plural else 'watches'} {clause.subject.english}"
    return german, f"{english} {clause.english_infinitive()}"


def purpose(pen: Pen) -> Pair | None:
    """Eine Frau geht in die Küche, um einen Kuchen zu backen."""
    german, english, names = pen.pick(pen.lexicon.clause_words.purposes)
    frame = pen.pick(("accusative", "plain"))
    fitting = [verb for verb in pen.lexicon.verbs[frame] if verb.name in names]
    if not fitting:
        return None
    verb = pen.favor(fitting)
    goers = [noun for noun in verb.subjects if noun.kind in ("man", "woman", "kid")]
    clause = draw_clause(pen, verb, frame, TERSE._replace(thing=0.4), pen.subject(goers, 0.3))
    who, plural = clause.subject, clause.subject.plural
    return (
        f"{who.german} {'gehen' if plural else 'geht'} {german}, um {clause.german_infinitive()}",
        f"{who.english} {'walk' if plural else 'walks'} {english} to {clause.english_infinitive()}",
    )
