"""What the tests of the commands share."""

from pathlib import Path

import pytest

from tests.support.console import Tandem, console
from tests.support.runs import shared_run


@pytest.fixture
def tandem(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Tandem:
    """Runs the command line in this process."""
    return console(monkeypatch, capsysbinary)


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two epochs; not to be changed."""
    return shared_run(tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in an empty folder, and sees no data of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TANDEM_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    return tmp_path
