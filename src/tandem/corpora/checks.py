"""Signs in a file's first lines that it should be read in another way. Each is a sentence that says what to type."""

from collections.abc import Sequence
from itertools import islice

from tandem.corpora.headers import looks_like_header
from tandem.corpora.pairs import Corpus, Pair
from tandem.corpora.records import listed
from tandem.names import MAX_CHARACTERS

_SAMPLE_PAIRS = 200
_MOST_DIGITS = 16
"""A longer string of digits is not taken for a row number."""


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
