"""What needs no training: the target of the nearest training source."""

import pytest

from tandem.metrics.baselines import nearest_targets

TRAINING = [("cat", "Katze"), ("dog", "Hund"), ("dogs", "Hunde"), ("dog", "Köter")]


def test_the_nearest_source_by_edits_gives_its_target() -> None:
    assert nearest_targets(["cats", "dog", "dogz", "hot dogs"], TRAINING) == ["Katze", "Hund", "Hund", "Hunde"]


def test_many_sources_are_looked_up_in_parts() -> None:
    sources = [f"word{number}" for number in range(200)]
    pairs = [(source, source.upper()) for source in sources]
    assert nearest_targets(sources, pairs) == [source.upper() for source in sources]


def test_without_sources_nothing_is_found_and_without_pairs_nothing_can_be() -> None:
    assert nearest_targets([], TRAINING) == []
    with pytest.raises(ValueError, match="there are no training pairs"):
        nearest_targets(["cat"], [])
