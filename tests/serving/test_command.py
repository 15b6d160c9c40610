"""`tandem serve`, up to the moment at which it listens."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Tandem, console


@pytest.fixture
def tandem(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Tandem:
    return console(monkeypatch, capsysbinary)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """What looks like a checkpoint from afar."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "format.json").touch()
    return tmp_path / "mine"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: there is no such run, checkpoint or export"),
        (
            ("MODEL", "--max-waiting", "100"),
            "a request may have 128 texts (--max-texts), but only 100 may wait (--max-waiting): raise the one, or "
            "lower the other",
        ),
        (("a", "--ensemble", "b=a"), "--ensemble b=a: name two models or more, such as both=one,two"),
    ],
)
def test_what_cannot_be_served_is_said(arguments: tuple[str, ...], message: str, model: Path, tandem: Tandem) -> None:
    words = [str(model) if word == "MODEL" else word for word in arguments]
    assert tandem("serve", *words) == (1, "", f"tandem: {message}\n")


def test_what_cannot_be_looked_at_is_said(tandem: Tandem, tmp_path: Path) -> None:
    assert tandem("look", "nowhere") == (1, "", "tandem: nowhere: there is no such run, checkpoint or export\n")
    found = tandem("look", tmp_path)
    assert found.code == 1
    assert f"{tmp_path}: this is neither a run (no current.json) nor a checkpoint or export" in found.err


def test_a_port_that_is_taken_is_said(model: Path, taken: int, tandem: Tandem) -> None:
    found = tandem("serve", model, "--port", taken)
    message = f"127.0.0.1, port {taken}: cannot be served there: Address already in use. See --host and --port"
    assert (found.code, found.err) == (1, f"tandem: {message}\n")


@pytest.mark.parametrize(("module", "name"), [("starlette", "Starlette"), ("uvicorn", "uvicorn")])
def test_without_the_extra_it_is_said_what_to_install(
    module: str, name: str, model: Path, tandem: Tandem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    message = f"this needs {name}, which is not installed: a server needs pip install 'tandem-seq2seq[serve]'"
    assert tandem("serve", model) == (1, "", f"tandem: {message}\n")
