"""The everyday phrases, with their variations."""

from tandem.corpora.captions.lexicon import EverydayPhrases, Lexicon
from tandem.corpora.captions.words import ARTICLE, BARE, INDEFINITE, Noun

Pairs = list[tuple[str, str]]

SOUGHT = ("town", "venue", "shore", "room")
WANTED = ("fruit", "baked", "dish", "drink", "toy", "hat")


def plain_phrases(phrases: EverydayPhrases) -> Pairs:
    """Return every phrase by itself, as somebody would type it: "Guten Morgen", "Guten Morgen!", "Guten Morgen."."""
    called = [(german + end, english + end) for german, english in phrases.calls for end in ("", ".", "!")]
    asked = [(german + end, english + end) for german, english in phrases.questions for end in ("", "?")]
    return called + asked


def varied_phrases(lexicon: Lexicon) -> Pairs:
    """Return phrases with a name, a place or a wish in them: "Guten Morgen, Anna!", "Wo ist der Bahnhof?"."""
    pairs: Pairs = []
    phrases = lexicon.phrases
    for name in phrases.names:
        pairs += [(f"{german}, {name}!", f"{english}, {name}!") for german, english in phrases.calls]
        pairs += [(f"{german}, {name}?", f"{english}, {name}?") for german, english in phrases.questions]
        pairs += [(german.format(name), english.format(name)) for german, english in phrases.about_names]
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
