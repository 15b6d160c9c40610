"""A Hub to push to and to fetch from, and a model to do it with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub import StandInHub, stand_in_hub
from tests.support.runs import shared_run


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandInHub]:
    with stand_in_hub(monkeypatch, tmp_path / "cache") as hub:
        yield hub


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_run(tmp_path_factory.getbasetemp())
