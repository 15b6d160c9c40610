"""Chooses the scores that suit a task, judged by its references."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tandem.metrics.score import Score
from tandem.metrics.scripts import Script, main_script
from tandem.metrics.tokenisation import word_splitter
from tandem.names import BleuTokenizer

_FOR_SENTENCES = ("bleu", "chrf", "ter", "exact")
_FOR_CODES = ("exact", "token_edit_rate", "character_edit_rate", "word_edit_rate")

_SENTENCE = 4
"""The number of words in the longest runs that BLEU counts; a shorter text has no such run."""
_SOUND = 2.5
"""Words with fewer characters on average are symbols of sounds: the words of every language are longer."""
_CODE = 0.25  # With a larger share of digits, texts are dates, numbers or other codes
_INVENTORY, _OFTEN = 100, 20
"""At most this many distinct words, each this often on average, are commands, sounds or spelt numbers."""
_LETTERS_A_WORD: dict[Script, float] = {"chinese": 2.0, "japanese": 2.0, "unspaced": 5.0}
"""The approximate length of words in scripts without spaces."""


def fits_exact(references: Sequence[str]) -> bool:
    """Return whether outputs like these are right or wrong as a whole, as codes, dates, sounds and single words are.

    Sentences are not: many outputs are good, and BLEU measures how close an output is to its reference.
    """
    characters = Counter[str]()
    words = Counter[str]()
    for text in references:
        characters.update(text)
        words.update(text.split())
    letters = sum(count for character, count in characters.items() if not character.isspace())
    digits = sum(count for character, count in characters.items() if character.isdigit())
    script = main_script(references)
    count = letters / _LETTERS_A_WORD[script] if script in _LETTERS_A_WORD else words.total()
    if count < _SENTENCE * len(references) or digits > _CODE * letters:
        return True
    if script in _LETTERS_A_WORD:
        return False
    return letters < _SOUND * words.total() or (len(words) <= _INVENTORY and words.total() >= _OFTEN * len(words))


def has_bleu(references: Iterable[str], tokenizer: BleuTokenizer) -> bool:
    """Return whether any reference has the four words that BLEU needs; without them BLEU is always 0."""
    split = word_splitter(tokenizer)
    return any(len(split(text)) >= _SENTENCE for text in references)


def leading_scores(references: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the most informative scores for outputs like these, the best first."""
    return _FOR_CODES if fits_exact(references) else _FOR_SENTENCES


def in_order(scores: Iterable[Score], leading: Sequence[str]) -> list[Score]:
    """Return the scores with the leading ones first; the others follow in the order in which they are given."""
    rank = {name: place for place, name in enumerate(leading)}
    return sorted(scores, key=lambda score: rank.get(score.name, len(rank)))
