"""Which German word each English word of the built-in corpus came from."""

import re
from collections import Counter

import pytest

from tandem.corpora.captions.alignment import align_pair
from tandem.corpora.captions.lexicon import read_lexicon
from tandem.corpora.captions.noun_phrases import Pen
from tandem.corpora.captions.sentences import draw_sentence


def aligned(german: str, english: str) -> list[tuple[str, str]]:
    """The aligned words, those of the source with a space between."""
    return [
        (english[slice(*one.target)], " ".join(german[slice(*span)] for span in one.sources))
        for one in align_pair(german, english)
    ]


@pytest.mark.parametrize(
    ("german", "english", "expected"),
    [
        (
            "Ein kleiner Hund läuft über die Wiese.",
            "A small dog runs across the meadow.",
            "small kleiner, dog Hund, runs läuft, meadow Wiese",
        ),
        (
            "Im Park hebt ein Mann einen Ball auf.",
            "In the park, a man picks up a ball.",
            "park Park, man Mann, picks hebt auf, ball Ball",
        ),
        (
            "Eine Frau, die auf dem Platz einen Hut aufhebt, steigt langsam aus dem Bus aus.",
            "A woman who is picking up a hat on the square slowly gets off the bus.",
            "woman Frau, picking aufhebt, hat Hut, square Platz, slowly langsam, gets steigt aus, bus Bus",
        ),
        (
            "Ein Kind zieht eine Jacke an, während ein Mann einen Schlitten zieht.",
            "A child puts on a jacket while a man is pulling a sled.",
            "child Kind, puts zieht an, jacket Jacke, man Mann, pulling zieht, sled Schlitten",
        ),
        (
            "Ein Mädchen sieht zu, wie eine Katze einen Vogel beobachtet.",
            "A girl watches a cat watch a bird.",
            "girl Mädchen, cat Katze, watch beobachtet, bird Vogel",  # "watches" may be either verb
        ),
        (
            "Ein Mädchen sieht zu, wie ein Hund im See schwimmt.",
            "A girl watches a dog swim in the lake.",
            "girl Mädchen, watches sieht zu, dog Hund, swim schwimmt, lake See",
        ),
        (
            "Der alte Hund des Mannes schläft.",
            "The man's old dog sleeps.",
            "man Mannes, old alte, dog Hund, sleeps schläft",
        ),
        (
            "Ein alter Mann sieht eine alte Frau an.",
            "An old man looks at an old woman.",
            "man Mann, looks sieht an, woman Frau",
        ),
        (
            "Alte Männer wollen Tee trinken.",
            "Old men want to drink tea.",
            "Old Alte, men Männer, drink trinken, tea Tee",
        ),
        ("", "", ""),
    ],
)
def test_a_pair_is_aligned(german: str, english: str, expected: str) -> None:
    assert ", ".join(map(" ".join, aligned(german, english))) == expected


TIMES = {("morning", "morgen"), ("evening", "abend"), ("weekend", "wochenende"), ("today", "heute")}
TIMES |= {("afternoon", "nachmittag")}


def stems() -> dict[str, set[str]]:
    """What the German words begin with that stand for each English word, by the lexicon's own tables; but for verbs."""
    lexicon = read_lexicon()
    pairs = {
        (noun.translation(plural), noun.german("nom", plural))
        for noun in lexicon.nouns.values()
        for plural in (False, True)
    }
    for table in (lexicon.describing, lexicon.colors):
        pairs |= {(one.english, one.stem or one.german) for adjectives in table.values() for one in adjectives}
    pairs |= {(adverb, german) for german, adverb in lexicon.clause_words.adverbs.items()}
    pairs |= {*lexicon.clause_words.feelings.items()} | TIMES
    found: dict[str, set[str]] = {}
    for english, german in pairs:
        found.setdefault(english.lower(), set()).add(german.lower()[:3])
    return found


def verb_of(english: str, source: str) -> bool:
    """Whether a verb of the lexicon has this English form, and stands in the source, with its prefix anywhere."""
    first, *apart = source.split()
    if apart == ["zu"] and english in ("watch", "watches") and first in ("sieht", "sehen"):
        return True
    return any(
        english in (verb.base, verb.english_third, verb.progressive)
        and first.endswith((verb.third, verb.infinitive))
        and (apart or [first])[0].startswith(verb.prefix)
        for verbs in read_lexicon().verbs.values()
        for verb in verbs
    )


def test_whatever_the_grammar_writes_is_aligned_by_its_own_dictionary() -> None:
    """No German word stands for two English ones, and hardly a word of the dictionary is left out."""
    pen, known = Pen(read_lexicon(), seed=5), stems()
    forms = {
        form for verbs in read_lexicon().verbs.values() for verb in verbs for form in (verb.base, verb.progressive)
    }
    counts: Counter[str] = Counter()
    for _ in range(3_000):
        (german, english), _ = draw_sentence(pen)
        spans = [span for one in align_pair(german, english) for span in one.sources]
        assert len(set(spans)) == len(spans), (german, english)
        for word, source in ((one.lower(), other.lower()) for one, other in aligned(german, english)):
            assert source[:3] in known.get(word, ()) or verb_of(word, source), (word, source, german, english)
        counts["aligned"] += len(align_pair(german, english))
        counts["known"] += sum(form in forms or form in known for form in re.findall(r"\w+", english.lower()))
    assert counts["aligned"] > 0.98 * counts["known"] > 10_000
