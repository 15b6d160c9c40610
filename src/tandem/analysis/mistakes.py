"""What a system gets wrong: words put out for others, missed and added, and its worst sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.chrf import CHRF

from tandem.analysis.systems import System
from tandem.analysis.words import split_words

Counted = TypeVar("Counted", str, tuple[str, str])


@dataclass(frozen=True)
class Confusion:
    """A word of the references that another one was put out for."""

    wanted: str
    written: str
    count: int
    of: int
    """How often the references have the wanted word."""


@dataclass(frozen=True)
class WordCount:
    """A word, and how often it was missed or added."""

    word: str
    count: int
    of: int
    """How often the references have it where it was missed, the translations where it was added."""


@dataclass(frozen=True)
class Confusions:
    """A system's commonest mistakes in words, each list the most frequent first."""

    system: str
    substitutions: tuple[Confusion, ...]
    missed: tuple[WordCount, ...]
    """Words of the references that nothing was put out for."""
    added: tuple[WordCount, ...]
    """Words that were put out for nothing."""


@dataclass(frozen=True)
class Sentence:
    """One translation and what it is worth."""

    source: str
    references: tuple[str, ...]
    translation: str
    score: float
    """Its chrF2, in percent."""


@dataclass(frozen=True)
class WorstSentences:
    """A system's worst translations, the worst first."""

    system: str
    sentences: tuple[Sentence, ...]


def confusions(system: System, most: int = 20) -> Confusions:
    """Align each translation with its nearest reference by the fewest edits of words, and count these edits.

    Of the shortest alignments the library chooses one; where a whole phrase is rendered otherwise, its words are
    paired as they come.
    """
    tokenizer, lowercase = system.references.tokenizer, system.references.lowercase
    swapped: Counter[tuple[str, str]] = Counter()
    missed, added, wanted, written = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for translation, alternatives in zip(system.translations, system.references.texts, strict=True):
        words = split_words(translation, tokenizer, lowercase=lowercase)
        candidates = [split_words(text, tokenizer, lowercase=lowercase) for text in alternatives]
        # As the edit rates choose: the fewest edits, of equals the longest.
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
    """The sentences of the lowest chrF2, which tells bad from worse where BLEU is 0; of equals the longest source."""
    references = system.references
    metric = CHRF(lowercase=references.lowercase)
    scored = [
        Sentence(source, tuple(texts), translation, metric.sentence_score(translation, texts).score)
        for source, texts, translation in zip(references.sources, references.texts, system.translations, strict=True)
    ]
    worst = sorted(scored, key=lambda sentence: (sentence.score, -len(sentence.source)))[:most]
    return WorstSentences(system.name, tuple(worst))


def _commonest(counts: Counter[Counted], most: int) -> Sequence[tuple[Counted, int]]:
    """Of equals the first in the alphabet, so that the order is always the same."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
