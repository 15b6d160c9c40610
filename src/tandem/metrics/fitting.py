"""Which scores fit a task, told from its references alone."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tandem.metrics.score import Score
from tandem.metrics.scripts import Script, main_script
from tandem.metrics.tokenisation import BleuTokenizer, word_splitter

_FOR_SENTENCES = ("bleu", "chrf", "ter", "exact")
_FOR_CODES = ("exact", "token_edit_rate", "character_edit_rate", "word_edit_rate")

_SENTENCE = 4
"""Words: BLEU counts runs of up to four, and a shorter text has none."""
_SOUND = 2.5
"""Characters: the words of no language are so short on average, but symbols of sounds are."""
_CODE = 0.25
"""The share of digits above which texts are dates, numbers or other codes."""
_INVENTORY, _OFTEN = 100, 20
"""So few different words, each of them so often on average, are commands, sounds or spelt numbers."""
_LETTERS_A_WORD: dict[Script, float] = {"chinese": 2.0, "japanese": 2.0, "unspaced": 5.0}
"""About how long words are where no space shows it."""


def fits_exact(references: Sequence[str]) -> bool:
    """Return whether outputs like these are right or wrong as a whole: codes, dates, sounds, single words.

    Sentences are not: there are many good ones, and BLEU tells how near an output comes to its reference.
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
    """Return whether a reference has the four words that BLEU needs; without one it is 0 whatever is translated."""
    split = word_splitter(tokenizer)
    return any(len(split(text)) >= _SENTENCE for text in references)


def leading_scores(references: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the scores that say most about outputs like these, the most telling one first."""
    return _FOR_CODES if fits_exact(references) else _FOR_SENTENCES


def in_order(scores: Iterable[Score], leading: Sequence[str]) -> list[Score]:
    """Return the scores with the leading ones first; the others follow in the order in which they are given."""
    rank = {name: place for place, name in enumerate(leading)}
    return sorted(scores, key=lambda score: rank.get(score.name, len(rank)))
