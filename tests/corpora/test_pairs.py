"""What was dropped is told in a sentence; references are gathered by source."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.corpora.pairs import Dropped, Fault
from tandem.corpora.references import group_references, source_places


def test_the_message_adds_up() -> None:
    dropped = Dropped(10_000, total=29_000)
    assert dropped.message() == "kept all 29,000 pairs"
    for place, kind in (("a 17", "empty"), ("b 18", "too long"), ("c 19", "unreadable"), ("d 20", "empty")):
        dropped.add(Fault(place, kind, "is bad."))  # type: ignore[arg-type]
    assert dropped.message() == (
        "dropped 4 of 29,000 pairs: 2 with an empty side, 1 longer than 10,000 characters, 1 unreadable. "
        "The first: a 17: is bad."
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))))
def test_references_are_grouped_in_order_and_kept_once(pairs: list[tuple[str, str]]) -> None:
    grouped = group_references(pairs)
    assert {(source, target) for source, targets in grouped for target in targets} == set(pairs)
    assert [source for source, _ in grouped] == list(dict.fromkeys(source for source, _ in pairs))
    for source, targets in grouped:
        assert list(targets) == list(dict.fromkeys(b for a, b in pairs if a == source))


def test_a_list_of_targets_is_kept_whole_where_its_source_comes_first() -> None:
    pairs = [("a", ["x", "x"]), ("b", ["y", "z"]), ("a", ["x", "w", "w"])]
    assert group_references(pairs) == [("a", ("x", "x", "w")), ("b", ("y", "z"))]


def test_texts_that_are_the_same_to_a_model_are_grouped() -> None:
    pairs = [("Ein  Café", "a  café"), ("Ein Cafe\u0301", "a cafe\u0301"), ("ein café", "one café"), ("x", "y\xa0")]
    assert group_references(pairs) == [
        ("Ein Café", ("a café",)),
        ("ein café", ("one café",)),
        ("x", ("y",)),
    ]
    assert group_references(pairs, lowercase=True) == [("Ein Café", ("a café", "one café")), ("x", ("y",))]
    assert group_references(pairs, raw=True) == [(source, (target,)) for source, target in pairs]


def test_each_group_s_source_has_its_place() -> None:
    pairs = [("a", "1"), ("A ", "2"), ("b", "3"), ("A", "4"), ("a", "5")]
    assert source_places(pairs) == [0, 1, 2]
    assert source_places(pairs, lowercase=True) == [0, 2]
    assert source_places(pairs, raw=True) == [0, 1, 2, 3]
