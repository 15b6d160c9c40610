"""A made language that inflects: vowel harmony of two and of four vowels, consonants that change, affixes.

Nouns have six cases in two numbers, verbs three tenses with and without a negation: 18 combinations of tags. Words are
made of syllables, and no lemma of the test is ever trained on.
"""

import random
from collections.abc import Iterator
from itertools import islice

Form = tuple[str, str, str]
"""A lemma, its form and the tags of the form, such as ("kitap", "kitaplar", "N;NOM;PL")."""

_FRONT, _BACK = "eiöü", "aıou"
_CONSONANTS = "bcçdfghjklmnprsştvyz"
_VOICELESS = "çfhkpsşt"
_SOFTENED = {"k": "ğ", "p": "b", "ç": "c", "t": "d"}
_CASES = {"NOM": "", "ACC": "(y)I", "DAT": "(y)A", "LOC": "DA", "ABL": "DAn", "GEN": "(n)In"}
_TENSES = {"PST": "DI", "PRS": "(y)Ir", "FUT": "(y)AcAk"}
NOUN_TAGS = [f"N;{case};{number}" for number in ("SG", "PL") for case in _CASES]
VERB_TAGS = [f"V;{tense};{polarity}" for polarity in ("POS", "NEG") for tense in _TENSES]


def make_inflection(
    lemmas: int = 1500, forms_each: int = 3, tests: int = 100, seed: int = 1
) -> tuple[list[Form], list[Form]]:
    """Return training forms, `forms_each` of every lemma, and all forms of the test's lemmas."""
    chance = random.Random(seed)
    made = list(islice(_lemmas(chance), lemmas + tests))
    train = [
        (lemma, inflect(lemma, tags), tags)
        for lemma, verb in made[tests:]
        for tags in chance.sample(VERB_TAGS if verb else NOUN_TAGS, forms_each)
    ]
    chance.shuffle(train)
    test = [
        (lemma, inflect(lemma, tags), tags)
        for lemma, verb in made[:tests]
        for tags in (VERB_TAGS if verb else NOUN_TAGS)
    ]
    return train, test


def inflect(lemma: str, tags: str) -> str:
    """Return the form of a lemma."""
    kind, second, third = tags.split(";")
    if kind == "V":
        word = _with_suffix(lemma, _TENSES[second])
        return _prefix(lemma) + word if third == "NEG" else word
    word = _with_suffix(lemma, "lAr") if third == "PL" else lemma
    return _with_suffix(word, _CASES[second])


def _prefix(lemma: str) -> str:
    first = next(letter for letter in lemma if letter in _FRONT + _BACK)
    return "ne" if first in _FRONT else "na"


def _with_suffix(word: str, suffix: str) -> str:
    """Append a suffix: A is a or e, I is one of four vowels, D is d or t; (y) stands between two vowels alone."""
    vowels = _FRONT + _BACK
    ends_in_vowel = word[-1] in vowels
    if suffix.startswith("("):
        suffix = suffix[1] + suffix[3:] if ends_in_vowel else suffix[3:]
    if suffix and suffix[0] in "AI" and word[-1] in _SOFTENED:
        word = word[:-1] + _SOFTENED[word[-1]]
    for letter in suffix:
        last = next(letter for letter in reversed(word) if letter in vowels)
        if letter == "A":
            word += "e" if last in _FRONT else "a"
        elif letter == "I":
            word += {"e": "i", "i": "i", "ö": "ü", "ü": "ü", "a": "ı", "ı": "ı", "o": "u", "u": "u"}[last]
        elif letter == "D":
            word += "t" if word[-1] in _VOICELESS else "d"
        else:
            word += letter
    return word


def _lemmas(chance: random.Random) -> Iterator[tuple[str, bool]]:
    """Yield different lemmas, each with whether it is a verb."""
    seen: set[str] = set()
    while True:
        vowels = chance.choice((_FRONT, _BACK))
        syllables = [chance.choice(_CONSONANTS) + chance.choice(vowels) for _ in range(chance.randint(2, 3))]
        lemma = "".join(syllables) + (chance.choice(_CONSONANTS) if chance.random() < 0.7 else "")
        if lemma not in seen:
            seen.add(lemma)
            yield lemma, chance.random() < 0.3
