"""One writer: a second run in the same directory is refused, and what a dead one left is no hindrance."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.errors import TrainingError
from tandem.runs.lock import LOCK_FILES, locked
from tandem.training.events import Event, StepDone
from tests.support.runs import copied, run_tiny, stopped


def test_a_second_run_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    refused: list[str] = []

    class TryAgain:
        """Another run into the same directory, new or resumed, while this one trains."""

        def record(self, event: Event) -> None:
            if isinstance(event, StepDone) and event.step == 7:
                for resume in (False, True):
                    with pytest.raises(TrainingError) as error:
                        run_tiny(tmp_path, resume=resume)
                    refused.append(str(error.value))

        def close(self) -> None:
            pass

    run_tiny(tmp_path, recorders=[TryAgain()])
    assert len(refused) == 2
    for message in refused:
        assert message.startswith(f"{tmp_path}: another run writes into this directory: process {os.getpid()} on ")
        assert "since 20" in message
        assert message.endswith("or choose another directory with --out")


def test_nothing_of_the_lock_is_left_however_a_run_ends(shared: Path, tmp_path: Path) -> None:
    assert not LOCK_FILES & {path.name for path in shared.iterdir()}
    stopped(tmp_path / "stopped", 2)
    assert not LOCK_FILES & {path.name for path in (tmp_path / "stopped").iterdir()}
    with locked(tmp_path / "new" / "deep"):
        assert {path.name for path in (tmp_path / "new" / "deep").iterdir()} == {"run.lock", "run.lock.json"}
    assert not (tmp_path / "new").exists()


def test_the_lock_of_a_dead_process_is_taken_over(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    program = (
        "import os, signal, sys; from pathlib import Path; from tandem.runs.lock import locked\n"
        "held = [locked(Path(folder)) for folder in sys.argv[1:]]\n"
        "for lock in held: lock.__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    fresh = tmp_path / "fresh"
    killed = subprocess.run([sys.executable, "-c", program, str(run), str(fresh)], check=False)
    assert killed.returncode == -9
    assert json.loads((run / "run.lock.json").read_text(encoding="utf-8"))["pid"] != os.getpid()
    run_tiny(run, "training.epochs=3", resume=True)
    run_tiny(fresh)  # with nothing but a lock in it, a directory is empty
    for place in (run, fresh):
        assert not LOCK_FILES & {path.name for path in place.iterdir()}


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense"])
def test_a_holder_that_cannot_be_read_is_refused_all_the_same(content: str, tmp_path: Path) -> None:
    with locked(tmp_path):
        (tmp_path / "run.lock.json").write_text(content, encoding="utf-8")
        with pytest.raises(TrainingError, match="writes into this directory: a process that has not said which"):
            locked(tmp_path).__enter__()
