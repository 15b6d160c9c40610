"""Signs in a file's first lines that it should be read in another way."""

import shlex
from itertools import islice

from tandem.data.corpus import ParallelFiles, TabSeparated
from tandem.data.headers import looks_like_header
from tandem.data.pairs import MAX_CHARACTERS, Corpus, Pair
from tandem.data.records import listed
from tandem.data.spreadsheets import CsvFile, csv_summary

_SAMPLE_PAIRS = 200


def corpus_notes(corpus: Corpus) -> list[str]:
    """How a CSV file is written, or `corpus_warnings` of another corpus."""
    return [csv_summary(corpus)] if isinstance(corpus, CsvFile) else corpus_warnings(corpus)


def corpus_warnings(corpus: Corpus) -> list[str]:
    """What looks wrong with the way that a corpus is read: a header taken for a pair, a spreadsheet's quotes for text.

    Each is a sentence that says what to type. Raises CorpusError where the corpus cannot be read.
    """
    if not isinstance(corpus, ParallelFiles | TabSeparated):
        return []
    if any(path.is_fifo() for path in corpus.files):  # what is looked at here could not be read again
        return []
    pairs = [row for row in islice(corpus.rows(MAX_CHARACTERS), _SAMPLE_PAIRS) if isinstance(row, Pair)]
    warnings = []
    if isinstance(corpus, TabSeparated) and 2 * sum(map(_is_quoted, pairs)) > len(pairs):
        warnings.append(
            f"{corpus.name}: its texts stand in quotes, which are taken for part of them; if a spreadsheet wrote the "
            f"file, give --csv {shlex.quote(str(corpus.path))} instead of --tsv"
        )
    if pairs and not _has_names(corpus) and looks_like_header(pairs[0], pairs[1:]):
        warnings.append(
            f"{corpus.name}: the first line, {listed(pairs[0])}, looks like a header, but is taken for a pair; "
            f"if it is one, {_remedy(corpus, pairs[0])}"
        )
    return warnings


def _has_names(corpus: ParallelFiles | TabSeparated) -> bool:
    return isinstance(corpus, TabSeparated) and any(
        isinstance(column, str) for column in (corpus.source_column, corpus.target_column)
    )


def _remedy(corpus: ParallelFiles | TabSeparated, header: Pair) -> str:
    if isinstance(corpus, ParallelFiles):
        return "remove it from both files"
    if any("," in name for name in header):
        return "remove it"
    return f"name the columns: --columns {shlex.quote(','.join(header))}"


def _is_quoted(pair: Pair) -> bool:
    return all(len(side) > 1 and side[0] == side[-1] == '"' for side in pair)
