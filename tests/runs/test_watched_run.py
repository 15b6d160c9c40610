"""What a run does now is told by its lock and its rows; stopping and resuming say why they cannot be done."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tandem.errors import CheckpointError, TrainingError
from tandem.runs.lock import Holder, holds_lock, read_holder
from tandem.runs.watched_run import INTERRUPTED, RESUME_LOG, WatchedRun, is_run
from tests.support.runs import copied, shared_run, stopped

LOCKING = """
import sys
from pathlib import Path
from tandem.runs.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
"""What holds the lock on a run as a training does."""


@contextmanager
def writer(run: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock on a run."""
    pipe = subprocess.PIPE
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", LOCKING, str(run)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped; not to be changed."""
    run = tmp_path_factory.mktemp("interrupted") / "run"
    stopped(run, 3)
    return run


@pytest.fixture
def run(interrupted: Path, tmp_path: Path) -> Path:
    return copied(interrupted, tmp_path / "run")


def write_holder(run: Path, host: str, pid: int) -> None:
    content = {"host": host, "pid": pid, "since": "2026-01-01 00:00:00+00:00"}
    (run / "run.lock.json").write_text(json.dumps(content), encoding="utf-8", newline="\n")
    (run / "run.lock").touch()


def test_a_finished_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = shared_run(tmp_path_factory.getbasetemp())
    status = WatchedRun(run).status()
    assert (status.state, status.can_change) == ("finished", False)
    assert set(status.standing.scores) == {"bleu", "chrf", "exact"}
    epochs, samples = WatchedRun(run).samples()
    assert epochs == [1, 2]
    assert len(samples) == 3
    assert all(len(sample["outputs"]) == 2 and None not in sample["outputs"] for sample in samples)
    with pytest.raises(
        TrainingError, match=r"this run is finished\. With more epochs it goes on: tandem train --resume"
    ):
        WatchedRun(run).resume(1)


def test_a_run_trains_while_a_process_holds_its_lock(run: Path) -> None:
    watched = WatchedRun(run)
    assert (watched.status().state, watched.status().can_change) == ("stopped", True)
    with writer(run):
        assert (watched.status().state, watched.status().can_change) == ("training", True)
        with pytest.raises(TrainingError, match="a training is already running there"):
            watched.resume(1)
    assert (run / "run.lock.json").exists()  # it was killed
    assert watched.status().state == "stopped"


def test_a_run_trains_before_its_first_row(tmp_path: Path) -> None:
    with writer(tmp_path / "new"):
        status = WatchedRun(tmp_path / "new").status()
        assert is_run(tmp_path / "new")
    assert (status.state, status.standing.step, status.standing.steps) == ("training", 0, None)


def test_stopping_ends_the_process_that_trains(run: Path) -> None:
    with writer(run) as process:
        WatchedRun(run).stop(600)
        assert process.wait(timeout=600) != 0
    with pytest.raises(TrainingError, match="no training is running there"):
        WatchedRun(run).stop(1)


@pytest.mark.parametrize("has_proc", [True, False])
def test_another_process_with_the_number_of_one_that_was_killed_is_left_alone(
    has_proc: bool, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        write_holder(run, socket.gethostname(), other.pid)
        if not has_proc:
            monkeypatch.setattr(Path, "iterdir", no_such_folder)
        assert WatchedRun(run).status().state == "stopped"
        with pytest.raises(TrainingError, match="no training is running there"):
            WatchedRun(run).stop(1)
        assert other.poll() is None


def no_such_folder(_: Path) -> Iterator[Path]:
    raise FileNotFoundError


def test_where_no_system_tells_which_files_are_open_the_lock_does(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writer(run) as process:
        monkeypatch.setattr(Path, "iterdir", no_such_folder)
        holder = read_holder(run)
        assert holder is not None
        assert holder.pid == process.pid
        assert holds_lock(run, holder)
        assert not holds_lock(run, holder._replace(pid=2**40))
        assert not holds_lock(run, holder._replace(host="elsewhere"))


@pytest.mark.parametrize(("age", "state"), [(0, "training"), (3600, "stopped")])
def test_on_another_machine_the_age_of_the_rows_tells(age: int, state: str, run: Path) -> None:
    write_holder(run, "elsewhere\x1b[1m", os.getpid())
    changed = time.time() - age
    os.utime(run / "metrics.jsonl", (changed, changed))
    status = WatchedRun(run).status()
    assert (status.state, status.can_change) == (state, state == "stopped")
    if state == "training":
        with pytest.raises(TrainingError, match=r"trained on elsewhere.\[1m: stop it there") as caught:
            WatchedRun(run).stop(1)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"host": "a", "pid": "1", "since": ""}', "[" * 60_000])
def test_what_names_no_process_is_nobody(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.lock.json").write_text(content, encoding="utf-8", newline="\n")
    assert read_holder(tmp_path) is None


def test_a_number_that_no_process_can_have_is_nobody() -> None:
    assert not holds_lock(Path(), Holder(socket.gethostname(), 2**70, ""))


def test_a_training_that_ends_at_once_says_why(run: Path) -> None:
    """Its pairs were given by a Python program, so a command has none."""
    with pytest.raises(TrainingError, match=r"the training ended at once: .*; see .*resume\.log") as caught:
        WatchedRun(run).resume(600)
    assert "give them to tandem.train again" in str(caught.value)
    assert "give them to tandem.train again" in (run / RESUME_LOG).read_text(encoding="utf-8")
    assert WatchedRun(run).status().state == "stopped"


def test_a_run_that_has_saved_nothing_cannot_be_resumed(run: Path) -> None:
    (run / "current.json").unlink()
    assert not WatchedRun(run).status().can_change
    with pytest.raises(CheckpointError, match="There is nothing to resume"):
        WatchedRun(run).resume(1)


def test_the_words_for_a_stop_are_those_of_a_training(run: Path) -> None:
    assert WatchedRun(run).status().standing.ended == INTERRUPTED


@pytest.mark.parametrize("name", ["nothing", "\0", "x" * 5_000])
def test_what_is_no_run(name: str, tmp_path: Path) -> None:
    assert not is_run(tmp_path / name)
