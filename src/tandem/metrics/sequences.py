"""Exact matches and edit rates, for any kind of sequences."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from tandem.metrics.score import Score, check_corpus
from tandem.version import __version__


def exact(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return the percentage of hypotheses that equal one of their references.

    Raises ValueError when the corpus is empty, the lengths differ or a hypothesis has no reference.
    """
    check_corpus(hypotheses, references)
    equal = sum(
        cased(hypothesis, lowercase) in {cased(text, lowercase) for text in alternatives}
        for hypothesis, alternatives in zip(hypotheses, references, strict=True)
    )
    return Score("exact", 100 * equal / len(hypotheses), _signature("exact", lowercase, "refs:any"))


def word_edit_rate(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return the word edits (insertions, deletions, substitutions) per hundred reference words.

    Words are separated by white space. See `token_edit_rate` for the choice of the reference and for what is raised.
    """
    check_corpus(hypotheses, references)
    value = _edit_rate(
        [cased(text, lowercase).split() for text in hypotheses],
        [[cased(text, lowercase).split() for text in alternatives] for alternatives in references],
    )
    return Score("word_edit_rate", value, _signature("word_edit_rate", lowercase, "tok:space|refs:best"))


def character_edit_rate(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> Score:
    """Return the character edits per hundred reference characters (code points, spaces included).

    See `token_edit_rate` for the choice of the reference and for what is raised.
    """
    check_corpus(hypotheses, references)
    value = _edit_rate(
        [cased(text, lowercase) for text in hypotheses],
        [[cased(text, lowercase) for text in alternatives] for alternatives in references],
    )
    return Score("character_edit_rate", value, _signature("character_edit_rate", lowercase, "tok:char|refs:best"))


def token_edit_rate(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> Score:
    """Return the token edits per hundred reference tokens, for sequences given as lists of tokens.

    Of several references, the one that needs the fewest edits counts; among equals, the longest. Where all of these are
    empty, the rate is 0 for empty hypotheses and 100 otherwise. Raises ValueError when the corpus is empty, the lengths
    differ or a hypothesis has no reference.
    """
    check_corpus(hypotheses, references)
    value = _edit_rate(hypotheses, references)
    return Score("token_edit_rate", value, _signature("token_edit_rate", False, "tok:given|refs:best"))


def _edit_rate(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> float:
    edits = reference_tokens = 0
    for hypothesis, alternatives in zip(hypotheses, references, strict=True):
        distance, length = edits_and_length(hypothesis, alternatives)
        edits += distance
        reference_tokens += length
    if reference_tokens == 0:
        return 100.0 if edits else 0.0
    return 100 * edits / reference_tokens


def edits_and_length(hypothesis: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the fewest edits that turn the hypothesis into a reference, and the length of that reference."""
    # Length breaks ties, so that the order of the references does not matter.
    distance, negative_length = min(
        (Levenshtein.distance(hypothesis, reference), -len(reference)) for reference in references
    )
    return distance, -negative_length


def cased(text: str, lowercase: bool) -> str:
    """Return the text, in lower case if `lowercase`."""
    return text.lower() if lowercase else text


def _signature(metric: str, lowercase: bool, rest: str) -> str:
    return f"{metric}|case:{'lc' if lowercase else 'mixed'}|{rest}|tandem:{__version__}"
