"""Clauses: one verb with all that belongs to it, in the orders of words that German and English ask for."""

from typing import NamedTuple

from tandem.corpora.captions.lexicon import read_lexicon
from tandem.corpora.captions.noun_phrases import Pen, Phrase
from tandem.corpora.captions.words import Noun, Verb, spaced, with_preposition


class Clause(NamedTuple):
    """A clause before its words are put in order."""

    verb: Verb
    subject: Phrase
    things: tuple[Phrase, ...] = ()
    """The objects as they follow each other in German and in English."""
    place: Phrase | None = None
    adverb: str = ""
    """German."""
    prefix: str = ""
    """What stands at the end of a German main clause, the verb's own or the place's (den Hügel hinauf)."""
    ongoing: bool = False
    """Whether it says "gerade"."""
    place_last: bool = False
    """Whether the place comes after a definite object: "wäscht das Auto vor dem Haus"."""

    def _middle(self) -> str:
        """German, between the finite verb and the end of the clause."""
        place = self.place.german if self.place else ""
        last = [thing.german for thing in self.things[-1:]]
        first = [thing.german for thing in self.things[:-1]]
        around = [*last, self.adverb, place] if self.place_last else [self.adverb, place, *last]
        return spaced(*first, "gerade" if self.ongoing else "", *around)

    def _finite(self) -> str:
        return self.verb.infinitive if self.subject.plural else self.verb.third

    def _oneself(self) -> str:
        return "sich" if self.verb.reflexive else ""

    def german_main(self) -> str:
        """Verb second: "Ein Mann hebt einen Ball auf"."""
        return spaced(self.subject.german, self.german_predicate())

    def german_predicate(self) -> str:
        """The main clause without its subject: "hebt einen Ball auf"."""
        return spaced(self._finite(), self._oneself(), self._middle(), self.prefix)

    def german_inverted(self) -> str:
        """The main clause after something else: (Im Park) "hebt ein Mann einen Ball auf"."""
        return spaced(self._finite(), self._oneself(), self.subject.german, self._middle(), self.prefix)

    def german_verb_last(self, subject: str | None = None) -> str:
        """The subordinate clause: (während) "ein Mann einen Ball aufhebt"."""
        who = self.subject.german if subject is None else subject
        return spaced(who, self._oneself(), self._middle(), self.prefix + self._finite())

    def german_infinitive(self) -> str:
        """With "zu": "einen Ball aufzuheben"."""
        to = f"{self.prefix}zu{self.verb.infinitive}" if self.prefix else f"zu {self.verb.infinitive}"
        return spaced(self._oneself(), self._middle(), to)

    def german_bare_infinitive(self) -> str:
        """After a modal verb: "einen Ball aufheben"."""
        return spaced(self._oneself(), self._middle(), self.prefix + self.verb.infinitive)

    def _english(self, *verb: str) -> str:
        """The predicate around this form of the verb."""
        adverb = read_lexicon().clause_words.adverbs.get(self.adverb, "")
        place = self.place.english if self.place else ""
        *helper, form = verb
        if self.things:
            objects = [thing.english for thing in self.things]
            return spaced(*helper, adverb, form, self.verb.after, *objects, place)
        return spaced(*helper, form, self.verb.after, adverb, place)

    def english_predicate(self) -> str:
        """Simple present, or the progressive where German says "gerade"."""
        if self.ongoing:
            return self.english_progressive()
        return self._english(self.verb.base if self.subject.plural else self.verb.english_third)

    def english_progressive(self) -> str:
        """Such as "are picking up a ball"."""
        return self._english("are" if self.subject.plural else "is", self.verb.progressive)

    def english_infinitive(self) -> str:
        """Such as "pick up a ball"."""
        return self._english(self.verb.base)

    def english_main(self) -> str:
        """Such as "a man picks up a ball"."""
        return f"{self.subject.english} {self.english_predicate()}"


class Detail(NamedTuple):
    """How much a clause may say beside what it must."""

    subject: float = 0.35
    """The probability of an adjective, as below."""
    thing: float = 0.4
    place: float = 0.15
    located: float = 0.4
    """The probability of a place where the verb does not ask for one."""
    adverb: float = 0.12
    ongoing: float = 0.12
    joining: bool = True
    """Whether a way may end in a word that joins the verb in verb-last clauses (hinaufläuft)."""


FULL = Detail()
LEAN = Detail(subject=0.15, thing=0.2, place=0.08, located=0.25, adverb=0.06, ongoing=0.05)
TERSE = LEAN._replace(located=0.0, adverb=0.0, ongoing=0.0, joining=False)
LOCATED = TERSE._replace(located=0.25)

STATIVE = ("sitzen", "stehen", "liegen", "tragen", "halten", "hängen", "lehnen")
"""Verbs that are not said with "gerade"."""

ONE_EACH = ("wear", "put on", "take off", "ride", "play")
"""Verbs whose objects are as many as their subjects: "Zwei Männer tragen Hüte"."""
ONE_AT_A_TIME = (
    "drive",
    "get on",
    "get off",
    "lean against",
    "climb",
    "wait for",
    "push",
    "dance with",
    "hang up",
)
"""Verbs that nobody does to several things at once."""

FRAMES = ("accusative",) * 10 + ("prepositional",) * 4 + ("plain",) * 5 + ("motion",) * 4 + ("giving", "dative")
"""Each as often as it is drawn."""


def any_clause(pen: Pen, detail: Detail, frames: tuple[str, ...] = FRAMES) -> Clause:
    """A clause with a verb of one of these frames."""
    frame = pen.pick(frames)
    return draw_clause(pen, pen.favor(pen.lexicon.verbs[frame]), frame, detail)


def draw_clause(pen: Pen, verb: Verb, frame: str, detail: Detail = FULL, subject: Phrase | None = None) -> Clause:
    """A clause around the verb, with a subject of its own unless one is given."""
    who = subject or pen.subject(verb.subjects, detail.subject)
    ongoing = verb.infinitive not in STATIVE and pen.chance(detail.ongoing)
    adverb = pen.pick(verb.adverbs) if verb.adverbs and pen.chance(detail.adverb) else ""
    clause = Clause(verb, who, adverb=adverb, prefix=verb.prefix, ongoing=ongoing)
    if frame in ("plain", "things"):
        if verb.infinitive not in STATIVE and not pen.chance(detail.located):
            return clause
        return clause._replace(place=draw_place(pen, pen.pick(verb.places), who, detail.place))
    if frame == "motion":
        ways = pen.lexicon.ways[pen.pick(verb.places)]
        way = pen.favor(ways if detail.joining else [way for way in ways if not way.after] or ways)
        return clause._replace(place=pen.place(way, detail.place), prefix=way.after)
    things = _things(pen, verb, frame, who, detail.thing)
    located = detail.located * (0.5 if frame == "giving" else 1.0)
    if verb.places and pen.chance(located):
        place = draw_place(pen, pen.pick(verb.places), who, detail.place)
        clause = clause._replace(place=place, place_last=_is_definite(things[-1], verb))
    return clause._replace(things=things)


def draw_place(pen: Pen, tag: str, subject: Phrase, rate: float) -> Phrase:
    """A place of this tag; several people do not sit on one chair."""
    relations = pen.lexicon.places[tag]
    while (relation := pen.favor(relations)).noun.singular == "Stuhl" and subject.plural:
        pass
    return pen.place(relation, rate)


def _is_definite(thing: Phrase, verb: Verb) -> bool:
    """Whether German puts the object before the place."""
    return not verb.preposition and thing.german.startswith(("der ", "die ", "das ", "den ", "dem ", "sein", "ihr"))


def _things(pen: Pen, verb: Verb, frame: str, subject: Phrase, rate: float) -> tuple[Phrase, ...]:
    noun = _other_than(pen, verb.objects, subject.noun)
    case = "dat" if frame == "dative" else verb.case
    if verb.english in ONE_EACH:
        dressing = verb.english in ("put on", "take off") and pen.chance(0.4)
        owner = subject.pronoun.owner if subject.pronoun and dressing else None
        thing = pen.own(noun, case, owner, subject.plural, rate)
    else:
        if verb.base in ("buy", "sell", "write"):
            subject = subject._replace(pronoun=None)
        thing = pen.thing(noun, case, subject, rate, 0.0 if verb.english in ONE_AT_A_TIME else 0.2)
    pen.pairs.append((verb.english, noun.english))
    if verb.preposition:
        return (thing._replace(german=with_preposition(verb.preposition, thing.german)),)
    if frame == "giving":
        receivers = tuple(noun for noun in pen.lexicon.people if noun.kind in ("man", "woman", "kid"))
        receiver = _other_than(pen, receivers, subject.noun)
        return (pen.thing(receiver, "dat", subject, rate / 2), thing)
    return (thing,)


def _other_than(pen: Pen, nouns: tuple[Noun, ...], taken: Noun | None) -> Noun:
    """One of the nouns, but not the one that is already in the clause."""
    while (noun := pen.favor(nouns)) is taken:
        pass
    return noun
