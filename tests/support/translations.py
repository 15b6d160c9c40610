"""When two translations of a text are the same."""

from typing import Any

import pytest

from tandem import Translation


def assert_same(found: Any, expected: Translation) -> None:
    """Models add up floats in another order in another batch, so scores differ in their last digits."""
    assert isinstance(found, Translation), found
    assert (found.text, found.stopped, found.cut) == (expected.text, expected.stopped, expected.cut)
    assert found.token_scores == pytest.approx(expected.token_scores, abs=2e-5)
    assert [one.text for one in found.alternatives] == [one.text for one in expected.alternatives]
    assert found.alignment == expected.alignment
