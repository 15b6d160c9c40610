from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.metrics import Score, character_edit_rate, exact, token_edit_rate, word_edit_rate
from tandem.version import __version__

Pairs = list[tuple[list[str], list[list[str]]]]

TOKENS = st.lists(st.sampled_from(["a", "b", "AH0", "AH1"]), max_size=6)
PAIRS = st.lists(st.tuples(TOKENS, st.lists(TOKENS, min_size=1, max_size=3)), min_size=1, max_size=5)


def textbook_distance(one: list[str], other: list[str]) -> int:
    """The table of Wagner and Fischer, 1974."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        following = [i]
        for j, right in enumerate(other, start=1):
            following.append(min(row[j] + 1, following[-1] + 1, row[j - 1] + (left != right)))
        row = following
    return row[-1]


@given(PAIRS)
def test_the_edit_rate_is_the_textbook_s(pairs: Pairs) -> None:
    edits = tokens = 0
    for hypothesis, references in pairs:
        distances = [textbook_distance(hypothesis, reference) for reference in references]
        edits += min(distances)
        tokens += max(
            len(reference)
            for reference, distance in zip(references, distances, strict=True)
            if distance == min(distances)
        )
    expected = 100 * edits / tokens if tokens else (100 if edits else 0)
    assert token_edit_rate([h for h, _ in pairs], [r for _, r in pairs]).value == pytest.approx(expected)


@given(PAIRS)
def test_the_order_of_the_references_changes_nothing(pairs: Pairs) -> None:
    hypotheses = [hypothesis for hypothesis, _ in pairs]
    rate = token_edit_rate(hypotheses, [references for _, references in pairs])
    assert rate == token_edit_rate(hypotheses, [references[::-1] for _, references in pairs])


@given(PAIRS)
def test_words_are_tokens_between_spaces(pairs: Pairs) -> None:
    hypotheses = [" ".join(hypothesis) for hypothesis, _ in pairs]
    references = [["  ".join(reference) for reference in references] for _, references in pairs]
    rate = token_edit_rate([h for h, _ in pairs], [r for _, r in pairs])
    assert word_edit_rate(hypotheses, references).value == rate.value


@given(PAIRS)
def test_characters_are_the_tokens_of_the_character_edit_rate(pairs: Pairs) -> None:
    hypotheses = [" ".join(hypothesis) for hypothesis, _ in pairs]
    references = [[" ".join(reference) for reference in references] for _, references in pairs]
    rate = token_edit_rate(
        [list(h) for h in hypotheses], [[list(r) for r in alternatives] for alternatives in references]
    )
    assert character_edit_rate(hypotheses, references).value == rate.value


@given(st.lists(st.tuples(TOKENS, TOKENS.filter(bool)), min_size=1, max_size=6))
def test_everything_is_exact_exactly_when_no_edit_is_needed(pairs: list[tuple[list[str], list[str]]]) -> None:
    hypotheses = [" ".join(hypothesis) for hypothesis, _ in pairs]
    references = [[" ".join(reference)] for _, reference in pairs]
    all_exact = exact(hypotheses, references).value == 100
    assert all_exact == (word_edit_rate(hypotheses, references).value == 0)


def test_exact_counts_whole_sequences_equal_to_any_reference() -> None:
    hypotheses = ["a b", "a c", "", "D"]
    references = [["x", "a b"], ["a b", "a  c"], [""], ["d"]]
    assert exact(hypotheses, references).value == 50
    assert exact(hypotheses, references, lowercase=True).value == 75


def test_each_better_reference_lowers_the_rate() -> None:
    references = ["w x y z", "a x y z", "a b y z", "a b c z", "a b c d"]
    rates = [word_edit_rate(["a b c d"], [references[: n + 1]]).value for n in range(5)]
    assert rates == [100, 75, 50, 25, 0]
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_a_rate_can_exceed_a_hundred() -> None:
    assert word_edit_rate(["a b c d"], [["x"]]).value == 400


def test_lowercase_applies_to_both_sides() -> None:
    assert word_edit_rate(["A b"], [["a B"]]).value == 100
    assert word_edit_rate(["A b"], [["a B"]], lowercase=True).value == 0


def test_nothing_but_empty_references() -> None:
    assert word_edit_rate(["", ""], [[""], [""]]).value == 0
    assert word_edit_rate(["", "a"], [[""], [""]]).value == 100


def test_signatures_name_the_case_the_references_and_the_version() -> None:
    assert exact(["a"], [["a"]], lowercase=True).signature == f"exact|case:lc|refs:any|tandem:{__version__}"
    words = word_edit_rate(["a"], [["a"]]).signature
    assert words == f"word_edit_rate|case:mixed|tok:space|refs:best|tandem:{__version__}"
    characters = character_edit_rate(["a"], [["a"]], lowercase=True).signature
    assert characters == f"character_edit_rate|case:lc|tok:char|refs:best|tandem:{__version__}"
    tokens = token_edit_rate([["a"]], [[["a"]]]).signature
    assert tokens == f"token_edit_rate|case:mixed|tok:given|refs:best|tandem:{__version__}"


@pytest.mark.parametrize("metric", [exact, word_edit_rate, character_edit_rate, token_edit_rate])
def test_malformed_corpora_are_refused(metric: Callable[[list[object], list[object]], Score]) -> None:
    with pytest.raises(ValueError, match="corpus is empty"):
        metric([], [])
    with pytest.raises(ValueError, match="1 hypotheses but 2 lists of references"):
        metric(["a"], [["a"], ["b"]])
    with pytest.raises(ValueError, match=r"Hypothesis 0 .* has no reference"):
        metric(["a"], [[]])
    with pytest.raises(ValueError, match="are one string, 'a dog'"):
        metric(["a dog"], ["a dog"])
