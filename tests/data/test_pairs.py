"""What was dropped is told in a sentence; references are gathered by source."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.data.pairs import Dropped, group_references


def test_the_message_adds_up() -> None:
    dropped = Dropped(total=29_000, empty=2, too_long=1, first="train.de line 17", max_characters=10_000)
    assert dropped.message() == (
        "dropped 3 of 29,000 pairs: 2 with an empty side, 1 longer than 10,000 characters (first: train.de line 17)"
    )
    assert Dropped(5, 0, 1, "c line 2", 10).message() == (
        "dropped 1 of 5 pairs: 1 longer than 10 characters (first: c line 2)"
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))))
def test_references_are_grouped_in_order_and_kept_once(pairs: list[tuple[str, str]]) -> None:
    grouped = group_references(pairs)
    assert {(source, target) for source, targets in grouped for target in targets} == set(pairs)
    assert [source for source, _ in grouped] == list(dict.fromkeys(source for source, _ in pairs))
    for source, targets in grouped:
        assert list(targets) == list(dict.fromkeys(b for a, b in pairs if a == source))
