"""What a system gets wrong: words replaced, missed and added, and its worst sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.chrf import CHRF

from tandem.analysis.systems import System
from tandem.metrics.sequences import cased
from tandem.metrics.tokenisation import word_splitter

Counted = TypeVar("Counted", str, tuple[str, str])


@dataclass(frozen=True)
class Confusion:
    """A word of the references that was replaced by another."""

    wanted: str
    written: str
    count: int
    of: int  # How often the references have the wanted word


@dataclass(frozen=True)
class WordCount:
    """A word that was missed or added."""

    word: str
    count: int
    of: int  # How often the references have a missed word, or the translations an added one


@dataclass(frozen=True)
class Confusions:
    """The most frequent mistakes of a system in words; each list begins with the most frequent."""

    system: str
    substitutions: tuple[Confusion, ...]
    missed: tuple[WordCount, ...]  # Words of the references that no word of the translation was aligned with
    added: tuple[WordCount, ...]  # Words of the translations that no word of the reference was aligned with


@dataclass(frozen=True)
class Sentence:
    """A translation with its score."""

    source: str
    references: tuple[str, ...]
    translation: str
    score: float  # chrF2 of the translation in percent


@dataclass(frozen=True)
class WorstSentences:
    """The worst translations of a system, the worst first."""

    system: str
    sentences: tuple[Sentence, ...]


def confusions(system: System, most: int = 20) -> Confusions:
    """Align each translation with its nearest reference by the fewest edits of words, and count these edits.

    The library chooses one of the shortest alignments; where a whole phrase is translated differently, its words are
    paired in order.
    """
    split, lowercase = word_splitter(system.references.tokenizer), system.references.lowercase
    swapped: Counter[tuple[str, str]] = Counter()
    missed, added, wanted, written = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for translation, alternatives in zip(system.translations, system.references.texts, strict=True):
        words, *candidates = (split(cased(text, lowercase)) for text in (translation, *alternatives))
        # The edit rates choose in the same way: the fewest edits; among equals, the longest reference.
        reference = min(candidates, key=lambda text: (Levenshtein.distance(words, text), -len(text)))
        wanted.update(reference)
        written.update(words)
        for edit in Levenshtein.editops(reference, words):
            if edit.tag == "replace":
                swapped[reference[edit.src_pos], words[edit.dest_pos]] += 1
            elif edit.tag == "delete":
                missed[reference[edit.src_pos]] += 1
            else:
                added[words[edit.dest_pos]] += 1
    return Confusions(
        system.name,
        tuple(Confusion(*pair, count, wanted[pair[0]]) for pair, count in _commonest(swapped, most)),
        tuple(WordCount(word, count, wanted[word]) for word, count in _commonest(missed, most)),
        tuple(WordCount(word, count, written[word]) for word, count in _commonest(added, most)),
    )


def worst_sentences(system: System, most: int = 20) -> WorstSentences:
    """Return the sentences with the lowest chrF2, which tells bad from worse where BLEU is 0; long sources first."""
    references = system.references
    metric = CHRF(lowercase=references.lowercase)
    scored = [
        Sentence(source, tuple(texts), translation, metric.sentence_score(translation, texts).score)
        for source, texts, translation in zip(references.sources, references.texts, system.translations, strict=True)
    ]
    worst = sorted(scored, key=lambda sentence: (sentence.score, -len(sentence.source)))[:most]
    return WorstSentences(system.name, tuple(worst))


def _commonest(counts: Counter[Counted], most: int) -> Sequence[tuple[Counted, int]]:
    """Return the most frequent items; among equals, the first in the alphabet, so that the order is always the same."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
