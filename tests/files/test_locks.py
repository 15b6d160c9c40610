"""One holder at a time; that a file system has no locks is said, and nobody waits for them."""

import errno
import os
from pathlib import Path

import pytest

from tandem.errors import TrainingError
from tandem.files.locks import Held, lock
from tandem.runs.lock import locked


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    said: list[str] = []
    with lock(tmp_path / "lock", said.append), pytest.raises(Held):
        lock(tmp_path / "lock", said.append).__enter__()
    with lock(tmp_path / "lock", said.append, waiting="waiting"):
        pass
    assert said == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_said(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pytest.importorskip("fcntl"), "flock", refuse)
    said: list[str] = []
    for _ in range(2):  # the file of a process that was killed keeps nobody waiting
        with lock(tmp_path / "lock", said.append, waiting="waiting"):
            pass
    expected = f"{tmp_path}: this file system has no locks ({os.strerror(number)}), so nothing keeps another process"
    assert len(said) == 2
    assert all(line.startswith(expected) for line in said)
    with locked(tmp_path / "run", said.append):
        assert len(said) == 3


def test_a_lock_that_is_a_link_is_refused_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("work", encoding="utf-8")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(TrainingError, match=r"run\.lock: cannot be locked: .* It must be an ordinary file"):
        locked(tmp_path / "run").__enter__()
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "work"
