"""Exact matches and edit rates for any kind of sequences, and the tables that they are computed from."""

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from tandem.metrics.bootstrap import Table
from tandem.metrics.score import Score, check_corpus
from tandem.version import __version__


def exact(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return the percentage of hypotheses that equal one of their references; raises as `token_edit_rate` does."""
    equal, count = exact_table(hypotheses, references, lowercase=lowercase).sum(0).tolist()
    return Score("exact", 100 * equal / count, _signature("exact", lowercase, "refs:any"))


def word_edit_rate(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return the word edits (insertions, deletions, substitutions) per hundred reference words.

    Words are separated by white space. See `token_edit_rate` for the choice of the reference and for what is raised.
    """
    value = _edit_rate(word_edits(hypotheses, references, lowercase=lowercase))
    return Score("word_edit_rate", value, _signature("word_edit_rate", lowercase, "tok:space|refs:best"))


def character_edit_rate(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> Score:
    """Return the character edits per hundred reference characters (code points, spaces included).

    See `token_edit_rate` for the choice of the reference and for what is raised.
    """
    value = _edit_rate(character_edits(hypotheses, references, lowercase=lowercase))
    return Score("character_edit_rate", value, _signature("character_edit_rate", lowercase, "tok:char|refs:best"))


def token_edit_rate(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> Score:
    """Return the token edits per hundred reference tokens, for sequences given as lists of tokens.

    Of several references, the one that needs the fewest edits counts; among equals, the longest. If all of these are
    empty, the rate is 0 for empty hypotheses and 100 otherwise. Raise ValueError if the corpus is empty, the lengths
    differ, or a hypothesis has no reference.
    """
    value = _edit_rate(_edits(hypotheses, references))
    return Score("token_edit_rate", value, _signature("token_edit_rate", False, "tok:given|refs:best"))


def exact_table(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool) -> Table:
    """Return the table of exact matches, `[N, 2]`: whether a hypothesis equals a reference, and 1."""
    check_corpus(hypotheses, references)
    rows = [
        (cased(hypothesis, lowercase) in {cased(text, lowercase) for text in alternatives}, 1)
        for hypothesis, alternatives in zip(hypotheses, references, strict=True)
    ]
    return np.array(rows, dtype=np.int64)


def character_edits(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool) -> Table:
    """Return the table of character edits and reference characters, `[N, 2]`."""
    check_corpus(hypotheses, references)
    return _edits(
        [cased(text, lowercase) for text in hypotheses],
        [[cased(text, lowercase) for text in alternatives] for alternatives in references],
    )


def word_edits(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool) -> Table:
    """Return the table of word edits and reference words, `[N, 2]`."""
    check_corpus(hypotheses, references)
    return _edits(
        [cased(text, lowercase).split() for text in hypotheses],
        [[cased(text, lowercase).split() for text in alternatives] for alternatives in references],
    )


def cased(text: str, lowercase: bool) -> str:
    """Return the text, in lower case if `lowercase`."""
    return text.lower() if lowercase else text


def _edits(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> Table:
    """Return the fewest edits from each hypothesis to a reference, and the length of that reference: `[N, 2]`."""
    check_corpus(hypotheses, references)
    rows = [
        # Length breaks ties, so that the order of the references does not matter.
        min((Levenshtein.distance(hypothesis, reference), -len(reference)) for reference in alternatives)
        for hypothesis, alternatives in zip(hypotheses, references, strict=True)
    ]
    return np.array(rows, dtype=np.int64) * (1, -1)


def _edit_rate(table: Table) -> float:
    edits, length = table.sum(0).tolist()
    if length == 0:
        return 100.0 if edits else 0.0
    return float(100 * edits / length)


def _signature(metric: str, lowercase: bool, rest: str) -> str:
    return f"{metric}|case:{'lc' if lowercase else 'mixed'}|{rest}|tandem:{__version__}"
