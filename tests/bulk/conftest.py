"""What tests of bulk jobs share."""

from pathlib import Path

import pytest

import tandem
from tests.support.runs import untrained


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of an untrained model."""
    where = tmp_path_factory.mktemp("model") / "mine"
    untrained("gru").save(where)
    return tandem.export(where).directory
