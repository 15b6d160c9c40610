"""The built-in corpus: what it promises, measured on its sentences, and the grammar that writes them."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from statistics import mean

import pytest
import sacrebleu
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from tandem.corpora.captions import Captions, captions, words
from tandem.corpora.captions.clauses import Clause
from tandem.corpora.captions.lexicon import is_held_out, read_lexicon
from tandem.corpora.captions.noun_phrases import Pen, Phrase
from tandem.corpora.captions.sentences import draw_sentence
from tandem.corpora.captions.words import Case, Determiner

DIGEST = "e6ee22b0e3767c71c6a36e672535d1f00469c69a04c3638ec4983f62d4f5673a"
"""Of the whole corpus. Scores are quoted on it: it may not change from one version or machine to the next."""

FINGERPRINT = """
import hashlib
from tandem.corpora.captions import captions
print(hashlib.sha256(repr(captions()).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def corpus() -> Captions:
    return captions()


def forms(sentence: str) -> list[str]:
    return re.findall(r"\w+", sentence.lower())


def counts(corpus: Captions, side: int) -> Counter[str]:
    return Counter(form for pair in corpus.train for form in forms(pair[side]))


def test_is_the_corpus_that_it_always_was(corpus: Captions) -> None:
    assert hashlib.sha256(repr(corpus).encode()).hexdigest() == DIGEST


def test_does_not_depend_on_the_order_of_hashes() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINT], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == DIGEST


def test_has_ten_thousand_sentences_and_twice_five_hundred(corpus: Captions) -> None:
    assert [len(split) for split in corpus] == [10_000, 500, 500]


def test_no_source_occurs_twice(corpus: Captions) -> None:
    sources = [source for split in corpus for source, _ in split]
    assert len(set(sources)) == len(sources)


def test_a_source_has_one_translation(corpus: Captions) -> None:
    translations = {source: target for split in corpus for source, target in split}
    pen = Pen(read_lexicon(), seed=7)
    for _ in range(20_000):
        (source, target), _ = draw_sentence(pen)
        assert translations.setdefault(source, target) == target


@pytest.mark.parametrize("side", [0, 1])
def test_has_eight_hundred_word_forms_a_side(corpus: Captions, side: int) -> None:
    assert len(counts(corpus, side)) >= 800


@pytest.mark.parametrize("side", [0, 1])
def test_training_shows_every_word_form_three_times(corpus: Captions, side: int) -> None:
    assert min(counts(corpus, side).values()) >= 3


@pytest.mark.parametrize("side", [0, 1])
def test_training_shows_every_word_form_of_the_others_twelve_times(corpus: Captions, side: int) -> None:
    shown = counts(corpus, side)
    asked = {form for pair in corpus.validation + corpus.test for form in forms(pair[side])}
    assert min(shown[form] for form in asked) >= 12


def test_sentences_are_short(corpus: Captions) -> None:
    for side in (0, 1):
        lengths = [len(pair[side].split()) for split in corpus for pair in split]
        assert 7.5 <= mean(lengths) <= 10
        assert max(lengths) <= 16


class Surface:
    """Finds the pairs of words in an English sentence by its surface, without asking the grammar."""

    def __init__(self) -> None:
        words_ = read_lexicon()
        described = (*words_.describing.values(), *words_.colors.values())
        self.adjectives = {adjective.english for adjectives in described for adjective in adjectives}
        self.nouns = {noun.english: noun.english for noun in words_.nouns.values()}
        self.nouns.update({noun.translation(plural=True): noun.english for noun in words_.nouns.values()})
        self.verbs: dict[str, str] = {}
        for verb in (verb for verbs in words_.verbs.values() for verb in verbs if verb.objects):
            for form in (verb.base, verb.english_third, verb.progressive):
                self.verbs[f"{form} {verb.after}".strip()] = verb.english

    def tokens(self, sentence: str) -> list[str]:
        """The words, and the punctuation, which parts words that do not belong together."""
        return re.findall(r"\w+|[^\w\s]", sentence.lower())

    def described(self, sentence: str) -> set[tuple[str, str]]:
        """Adjectives that stand right before a noun."""
        return {
            (first, self.nouns[second])
            for first, second in pairwise(self.tokens(sentence))
            if first in self.adjectives and second in self.nouns
        }

    def done(self, sentence: str) -> set[tuple[str, str]]:
        """Verbs before a noun, with nothing but articles, numerals, owners and adjectives between."""
        between = {"a", "an", "the", "two", "three", "four", "several", "some", "many", "his", "her", "its", "their"}
        found = set()
        tokens = self.tokens(sentence)
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + 4, len(tokens))):
                verb = self.verbs.get(" ".join(tokens[start:end]))
                rest = [token for token in tokens[end:] if token not in between | self.adjectives]
                if verb and rest and rest[0] in self.nouns:
                    found.add((verb, self.nouns[rest[0]]))
        return found


def test_half_of_the_test_joins_words_that_training_never_joins(corpus: Captions) -> None:
    surface = Surface()
    seen_described = {pair for _, target in corpus.train for pair in surface.described(target)}
    seen_done = {pair for _, target in corpus.train for pair in surface.done(target)}
    novel = [
        target
        for _, target in corpus.test
        if surface.described(target) - seen_described or surface.done(target) - seen_done
    ]
    assert len(novel) >= 0.5 * len(corpus.test)


def test_training_holds_no_pair_that_is_held_out(corpus: Captions) -> None:
    surface = Surface()
    described = {pair for _, target in corpus.train for pair in surface.described(target)}
    assert len(described) > 800
    assert not [pair for pair in described if is_held_out(*pair)]


def test_the_grammar_notes_the_pairs_that_its_sentences_show() -> None:
    surface, pen = Surface(), Pen(read_lexicon(), seed=11)
    for _ in range(2_000):
        (_, target), joined = draw_sentence(pen)
        assert surface.described(target) <= set(joined)


@pytest.mark.parametrize("by_words", [False, True])
def test_copying_the_nearest_training_sentence_is_no_translation(corpus: Captions, by_words: bool) -> None:
    sources = [source.split() if by_words else source for source, _ in corpus.train]
    copied, asked = [], corpus.test[::2]
    for source, _ in asked:
        query = source.split() if by_words else source
        nearest = process.extractOne(query, sources, scorer=Levenshtein.normalized_similarity)
        copied.append(corpus.train[nearest[2]][1])
    assert sacrebleu.corpus_bleu(copied, [[target for _, target in asked]]).score < 50


def test_spelling_is_that_of_sentences(corpus: Captions) -> None:
    for split in corpus:
        for german, english in split:
            assert german[0].isupper()
            assert english[0].isupper()
            assert german[-1] == english[-1] or not {german[-1], english[-1]} & set(".!?")
            for text in (german, english):
                assert not re.search(r"  | [,.!?]|,\w", text), text
            assert not re.search(r"\b(in dem|in das|an dem|an das|zu dem|zu der) ", german.lower()), german
            assert not re.search(r"\ba ([aeio]|u(?!ni))|\ban ([^aeiou]|uni)", english.lower()), english


@pytest.mark.parametrize(
    "phrase",
    [
        ("Guten Morgen", "Good morning"),
        ("Guten Morgen!", "Good morning!"),
        ("Danke!", "Thank you!"),
        ("Wie geht es dir?", "How are you?"),
    ],
)
def test_training_has_what_one_types_first(corpus: Captions, phrase: tuple[str, str]) -> None:
    assert phrase in corpus.train


MANY = words.NUMERALS[3]


@pytest.mark.parametrize(
    ("determiner", "adjective", "noun", "case", "plural", "expected"),
    [
        (words.INDEFINITE, "klein", "Hund", "nom", False, "ein kleiner Hund"),
        (words.INDEFINITE, "klein", "Hund", "acc", False, "einen kleinen Hund"),
        (words.INDEFINITE, "grün", "Wiese", "dat", False, "einer grünen Wiese"),
        (words.INDEFINITE, "rot", "Hemd", "acc", False, "ein rotes Hemd"),
        (words.INDEFINITE, "rosa", "Kleid", "dat", False, "einem rosa Kleid"),
        (words.INDEFINITE, "hoch", "Turm", "nom", False, "ein hoher Turm"),
        (words.DEFINITE, "jung", "Junge", "nom", False, "der junge Junge"),
        (words.DEFINITE, "stolz", "Junge", "acc", False, "den stolzen Jungen"),
        (words.DEFINITE, "alt", "Mann", "gen", False, "des alten Mannes"),
        (words.DEFINITE, "dunkel", "Wald", "dat", False, "dem dunklen Wald"),
        (words.DEFINITE, "fröhlich", "Kind", "dat", True, "den fröhlichen Kindern"),
        (words.BARE, "frisch", "Milch", "acc", False, "frische Milch"),
        (words.BARE, "heiß", "Kaffee", "acc", False, "heißen Kaffee"),
        (words.BARE, "rot", "Apfel", "acc", True, "rote Äpfel"),
        (words.BARE, "jung", "Frau", "gen", True, "junger Frauen"),
        (MANY, "klein", "Hund", "nom", True, "mehrere kleine Hunde"),
        (MANY, "klein", "Hund", "dat", True, "mehreren kleinen Hunden"),
        (words.HER, "neu", "Fahrrad", "acc", False, "ihr neues Fahrrad"),
        (words.HIS, "alt", "Mütze", "acc", False, "seine alte Mütze"),
        (words.THEIR, "alt", "Mantel", "acc", True, "ihre alten Mäntel"),
    ],
)
def test_declension(determiner: Determiner, adjective: str, noun: str, case: Case, plural: bool, expected: str) -> None:
    found = read_lexicon()
    known = {
        word.german: word
        for table in (found.describing, found.colors)
        for adjectives in table.values()
        for word in adjectives
    }
    head = found.nouns[noun]
    gender: words.Gender = "pl" if plural else head.gender
    ending = determiner.declension[case, gender]
    phrase = words.spaced(determiner.form(case, gender), known[adjective].inflected(ending), head.german(case, plural))
    assert phrase == expected


def clause(name: str, subject: Phrase, **parts: Phrase) -> Clause:
    verb = next(verb for verbs in read_lexicon().verbs.values() for verb in verbs if verb.name == name)
    things = (parts["thing"],) if "thing" in parts else ()
    return Clause(verb, subject, things, parts.get("place"), prefix=verb.prefix)


MAN = Phrase("ein Mann", "a man")
WOMEN = Phrase("zwei Frauen", "two women", plural=True)
BALL = Phrase("einen Ball", "a ball")
PARK = Phrase("im Park", "in the park")


def test_a_separable_verb_parts_and_joins_again() -> None:
    picks = clause("aufheben", MAN, thing=BALL, place=PARK)
    assert picks.german_main() == "ein Mann hebt im Park einen Ball auf"
    assert picks.german_inverted() == "hebt ein Mann im Park einen Ball auf"
    assert picks.german_verb_last() == "ein Mann im Park einen Ball aufhebt"
    assert picks.german_infinitive() == "im Park einen Ball aufzuheben"
    assert picks.english_main() == "a man picks up a ball in the park"
    assert picks.english_progressive() == "is picking up a ball in the park"


def test_a_reflexive_verb_keeps_its_pronoun_behind_the_finite_verb() -> None:
    rest = clause("sich_ausruhen", WOMEN, place=PARK)
    assert rest.german_main() == "zwei Frauen ruhen sich im Park aus"
    assert rest.german_inverted() == "ruhen sich zwei Frauen im Park aus"
    assert rest.german_verb_last() == "zwei Frauen sich im Park ausruhen"
    assert rest.german_infinitive() == "sich im Park auszuruhen"
    assert rest.english_main() == "two women rest in the park"


def test_what_is_going_on_is_progressive_in_english() -> None:
    reads = clause("lesen", MAN, thing=Phrase("ein Buch", "a book"))._replace(ongoing=True, adverb="leise")
    assert reads.german_main() == "ein Mann liest gerade leise ein Buch"
    assert reads.english_main() == "a man is quietly reading a book"
