"""Headers of tables: finds a column by its name, and detects headers and other signs that a file is read wrongly."""

import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from tandem.corpora.pairs import Corpus, Pair
from tandem.corpora.records import listed
from tandem.errors import CorpusError
from tandem.names import MAX_CHARACTERS

_ROLES = """
source target src tgt trg input output in out from to query response question answer prompt completion text label
sentence translation original reference hypothesis word phrase term meaning definition gloss lemma form inflection
spelling pronunciation phoneme phonemes grapheme graphemes phones ipa sounds letters correct incorrect wrong right
misspelling correction corrected error before after old new key value name names email e-mail mail address date iso
written spoken formula code foreign native singular plural infinitive present past participle noun verb
masculine feminine kanji kana romaji hiragana katakana hanzi pinyin transliteration transcription
quelle ziel eingabe ausgabe frage antwort wort wörter satz text übersetzung begriff aussprache schreibweise
vokabel bedeutung
cible entrée sortie mot phrase traduction fuente origen destino palabra frase traducción parola traduzione
"""
_LANGUAGES = """
afrikaans albanian arabic armenian azerbaijani basque belarusian bengali bosnian bulgarian burmese cantonese catalan
chinese croatian czech danish dutch english esperanto estonian farsi finnish french galician georgian german greek
gujarati hausa hebrew hindi hungarian icelandic igbo indonesian irish italian japanese kannada kazakh khmer korean
kurdish kyrgyz lao latin latvian lithuanian macedonian malay malayalam maltese mandarin marathi mongolian nepali
norwegian pashto persian polish portuguese punjabi romanian russian sanskrit serbian sinhala slovak slovene slovenian
somali spanish swahili swedish tagalog tajik tamil telugu thai tibetan turkish turkmen ukrainian urdu uzbek vietnamese
welsh xhosa yiddish yoruba zulu
deutsch englisch französisch spanisch italienisch russisch niederländisch polnisch türkisch français anglais allemand
espagnol español inglés francés alemán italiano inglese tedesco português inglês nederlands engels svenska norsk dansk
suomi polski čeština magyar türkçe русский английский українська ελληνικά עברית العربية हिन्दी ไทย 한국어 日本語 中文
"""
_CODES = """
af am ar as az be bg bn bo br bs ca cs cy da de el en eo es et eu fa fi fil fr fy ga gl gu ha he hi hr hu hy
id ig is it ja ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no pa pl ps pt ro ru
rw sa sd si sk sl sn so sq sr su sv sw ta te tg th ti tk tl tr tt ug uk ur uz vi xh yi yo zh zu deu eng fra
fre ger spa ita rus zho jpn
"""
_KNOWN = frozenset(f"{_ROLES} {_LANGUAGES} {_CODES}".split())
_LONGEST = 40  # the most characters of a column's name
_FEWEST = 5  # how many rows must be alike before a first row that differs from them is taken for a header
_SAMPLE_PAIRS = 200
_MOST_DIGITS = 16  # a longer string of digits is not taken for a row number
_CLASSES: tuple[Callable[[str], bool], ...] = (
    lambda text: any(character.isdigit() for character in text),
    lambda text: "@" in text,
    lambda text: any(character.isalpha() and not character.isascii() for character in text),
)


def looks_like_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the texts of a first row look like names of columns, unlike those of the `rows` after it.

    They do if all are different words that are common names of columns, such as "source" or "German", and no other row
    consists of such words. They also do if they are short, occur once in their columns, and lack something that all
    other texts of a column have: a digit, an @, or a letter beyond ASCII. In doubt, the row is no header.
    """
    if not all(name.strip() and len(name) <= _LONGEST and "\n" not in name for name in first):
        return False
    if len(set(first)) == len(first) and _all_known(first):
        return not any(_all_known(row) for row in rows)
    columns = list(zip(*rows, strict=True))
    if len(rows) < _FEWEST or any(name in column for name, column in zip(first, columns, strict=True)):
        return False
    differs = [
        not has(name) for name, column in zip(first, columns, strict=True) for has in _CLASSES if all(map(has, column))
    ]
    return bool(differs) and all(differs)


def column_index(column: int | str, header: Sequence[str], path: Path) -> int:
    """Return the index of a column, from 0, by its number, from 1, or its name. Raise CorpusError if it is missing."""
    if isinstance(column, str):
        if header.count(column) == 1:
            return header.index(column)
        count = "more than one column" if column in header else "no column"
        raise CorpusError(
            f"{path} line 1: the header has {count} called {column!r}; its columns are "
            f"{listed(header)}. Name one of these, or give the column's number."
        )
    if column < 1:
        raise CorpusError(f"{path}: column {column} is asked for, but columns are counted from 1.")
    if header and column > len(header):
        raise CorpusError(
            f"{path} line 1: there is no column {column}; the header has {len(header)} ({listed(header)}). Give one of "
            "these numbers, or a name."
        )
    return column - 1


def first_pairs(corpus: Corpus) -> list[Pair]:
    """Return the first pairs of a corpus; none of a pipe, which could not be read again."""
    if any(path.is_fifo() for path in corpus.files):
        return []
    return [row for row in islice(corpus.rows(MAX_CHARACTERS), _SAMPLE_PAIRS) if isinstance(row, Pair)]


def numbering_warning(name: str, pairs: Sequence[Pair]) -> list[str]:
    """Warn where the sources only count the rows, as a first column of a table often does."""
    texts = [pair.source for pair in pairs[1:]]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS]
    if len(texts) <= 3 or len(numbers) < len(texts) or numbers != list(range(numbers[0], numbers[0] + len(texts))):
        return []
    return [
        f"{name}: the sources are numbers that count the pairs; if they are not what is to be translated, "
        "choose other columns with --columns"
    ]


def header_warning(name: str, pairs: Sequence[Pair], remedy: str) -> list[str]:
    """Warn where the first line looks like a header but is read as a pair. `remedy` is a clause."""
    if not pairs or not looks_like_header(pairs[0], pairs[1:]):
        return []
    return [
        f"{name}: the first line, {listed(pairs[0])}, looks like a header, but is taken for a pair; "
        f"if it is one, {remedy}"
    ]


def _all_known(texts: Sequence[str]) -> bool:
    return all(_is_known(text.strip().casefold()) for text in texts)


def _is_known(text: str) -> bool:
    """Tell whether this is a common name of a column, such as "de", "en-GB", "source text" or "target_sentence"."""
    parts = [part for part in re.split(r"[\s_\-()./:]+", text) if part]
    return text in _KNOWN or (0 < len(parts) <= 3 and all(part in _KNOWN for part in parts))
