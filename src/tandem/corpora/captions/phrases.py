"""The everyday phrases, with their variations."""

from tandem.corpora.captions.lexicon import Lexicon
from tandem.corpora.captions.lexicon_phrases import ABOUT_NAMES, CALLS, NAMES, QUESTIONS
from tandem.corpora.captions.words import ARTICLE, BARE, INDEFINITE, Noun

Pairs = list[tuple[str, str]]

SOUGHT = ("town", "venue", "shore", "room")
WANTED = ("fruit", "baked", "dish", "drink", "toy", "hat")


def plain_phrases() -> Pairs:
    """Every phrase by itself, as somebody would type it: "Guten Morgen", "Guten Morgen!", "Guten Morgen."."""
    called = [(german + end, english + end) for german, english in CALLS for end in ("", ".", "!")]
    asked = [(german + end, english + end) for german, english in QUESTIONS for end in ("", "?")]
    return called + asked


def varied_phrases(lexicon: Lexicon) -> Pairs:
    """Phrases with a name, a place or a wish in them: "Guten Morgen, Anna!", "Wo ist der Bahnhof?"."""
    pairs: Pairs = []
    for name in NAMES:
        pairs += [(f"{german}, {name}!", f"{english}, {name}!") for german, english in CALLS]
        pairs += [(f"{german}, {name}?", f"{english}, {name}?") for german, english in QUESTIONS]
        pairs += [(german.format(name), english.format(name)) for german, english in ABOUT_NAMES]
    for noun in lexicon.nouns.values():
        if noun.kind in SOUGHT:
            pairs.append((f"Wo ist {ARTICLE['nom', noun.gender]} {noun.singular}?", f"Where is the {noun.english}?"))
        if noun.kind in WANTED:
            pairs.append(_wish(noun))
    return pairs


def _wish(noun: Noun) -> tuple[str, str]:
    determiner = BARE if noun.uncountable else INDEFINITE
    german = f"{determiner.form('acc', noun.gender)} {noun.singular}".lstrip()
    article = "" if noun.uncountable else "an " if noun.english[0] in "aeiou" else "a "
    return f"Ich möchte {german}, bitte.", f"I would like {article}{noun.english}, please."
