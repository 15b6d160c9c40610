"""What the tests of runs share."""

from pathlib import Path

import pytest

from tests.support.runs import shared_run


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two epochs; not to be changed."""
    return shared_run(tmp_path_factory.getbasetemp())
