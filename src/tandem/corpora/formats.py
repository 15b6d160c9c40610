"""Signs in a file's first lines that it should be read in another way."""

import shlex
from collections.abc import Sequence
from itertools import islice

from tandem.corpora.corpus import ParallelFiles, TabSeparated
from tandem.corpora.headers import looks_like_header
from tandem.corpora.pairs import Corpus, Pair
from tandem.corpora.records import listed
from tandem.corpora.spreadsheets import CsvFile, csv_summary
from tandem.files.lines import line_limit, read_lines
from tandem.names import MAX_CHARACTERS

_SAMPLE_PAIRS = 200
_DIGITS = 16
"""A longer string of digits is not taken for a row number."""


def corpus_notes(corpus: Corpus) -> list[str]:
    """How a CSV file is written, and `corpus_warnings`."""
    return [*([csv_summary(corpus)] if isinstance(corpus, CsvFile) else []), *corpus_warnings(corpus)]


def corpus_warnings(corpus: Corpus) -> list[str]:
    """What looks wrong with the way that a corpus is read: other columns, a header taken for a pair, quotes for text.

    Each is a sentence that says what to type. Raises CorpusError where the corpus cannot be read.
    """
    if not isinstance(corpus, ParallelFiles | TabSeparated | CsvFile):
        return []
    if any(path.is_fifo() for path in corpus.files):  # what is looked at here could not be read again
        return []
    pairs = [row for row in islice(corpus.rows(MAX_CHARACTERS), _SAMPLE_PAIRS) if isinstance(row, Pair)]
    warnings = []
    if not isinstance(corpus, ParallelFiles) and _count_up([pair.source for pair in pairs[1:]]):
        warnings.append(
            f"{corpus.name}: the sources are numbers that count the pairs; if they are not what is to be translated, "
            "choose other columns with --columns"
        )
    if isinstance(corpus, CsvFile):
        return warnings
    columns = _first_line(corpus)
    if len(columns) > 2 and isinstance(corpus, TabSeparated) and _columns(corpus) == (1, 2):
        warnings.append(f"{corpus.name}: columns 1 and 2 of {len(columns)} are read; choose others with --columns")
    if isinstance(corpus, TabSeparated) and 2 * sum(map(_is_quoted, pairs)) > len(pairs):
        warnings.append(
            f"{corpus.name}: its texts stand in quotes, which are taken for part of them; if a spreadsheet wrote the "
            f"file, give --csv {shlex.quote(str(corpus.path))} instead of --tsv"
        )
    if pairs and not _has_names(corpus) and looks_like_header(pairs[0], pairs[1:]):
        warnings.append(
            f"{corpus.name}: the first line, {listed(pairs[0])}, looks like a header, but is taken for a pair; "
            f"if it is one, {_remedy(corpus, columns or list(pairs[0]))}"
        )
    return warnings


def _has_names(corpus: ParallelFiles | TabSeparated) -> bool:
    return isinstance(corpus, TabSeparated) and any(isinstance(column, str) for column in _columns(corpus))


def _columns(corpus: TabSeparated) -> tuple[int | str, int | str]:
    return corpus.source_column, corpus.target_column


def _first_line(corpus: ParallelFiles | TabSeparated) -> list[str]:
    """The columns of the first line; none where the corpus has no columns."""
    if isinstance(corpus, ParallelFiles):
        return []
    line = next(read_lines(corpus.path, line_limit(MAX_CHARACTERS)), None)
    return line.split("\t") if isinstance(line, str) else []


def _count_up(texts: Sequence[str]) -> bool:
    """Tell whether the texts are consecutive numbers, as row numbers are."""
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < _DIGITS]
    return len(texts) > 3 and len(numbers) == len(texts) and numbers == list(range(numbers[0], numbers[0] + len(texts)))


def _remedy(corpus: ParallelFiles | TabSeparated, header: Sequence[str]) -> str:
    if isinstance(corpus, ParallelFiles):
        return "remove it from both files"
    if any("," in name for name in header):
        return "remove it"
    if len(header) > 2:
        return f"name two of its columns, {listed(header)}: --columns SOURCE,TARGET"
    return f"name the columns: --columns {shlex.quote(','.join(header))}"


def _is_quoted(pair: Pair) -> bool:
    return all(len(side) > 1 and side[0] == side[-1] == '"' for side in pair)
