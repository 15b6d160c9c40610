"""The first signal waits for a place where the run can be saved; a second Ctrl-C does not."""

import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tandem.model_paths import read_current
from tandem.runs.stopping import Stopped, Stopping
from tandem.runs.validation import Validator
from tandem.training.events import Event, StepDone, Validated
from tests.support.runs import Remember, StopAfter, assert_same_run, run_tiny

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def former() -> tuple[object, ...]:
    return tuple(signal.getsignal(number) for number in SIGNALS)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_lets_the_step_end_and_is_told_once(number: signal.Signals, tmp_path: Path) -> None:
    before, said = former(), list[str]()
    stop = StopAfter(2, number)
    with pytest.raises(Stopped, match=f"stopped by {number.name}") as stopped:
        run_tiny(tmp_path, recorders=[stop], notify=said.append)
    assert (stopped.value.signal, stopped.value.at_once) == (number, False)
    assert [event.step for event in stop.heard if isinstance(event, StepDone)] == [1, 2, 3]
    assert read_current(tmp_path).resume == "resume/step-00000003"
    assert [line for line in said if "Ctrl-C again stops at once" in line] == said[-1:]
    assert former() == before


class Twice(Remember):
    """SIGTERM, which is patient however often it comes, and then perhaps Ctrl-C."""

    def __init__(self, *more: int) -> None:
        super().__init__()
        self.more = more

    def record(self, event: Event) -> None:
        super().record(event)
        if isinstance(event, StepDone) and event.step == 7:
            for number in (signal.SIGTERM, *self.more):
                signal.raise_signal(number)


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    twice, before = Twice(signal.SIGINT), former()
    with pytest.raises(Stopped, match="stopped by SIGINT") as stopped:
        run_tiny(tmp_path, recorders=[twice])
    assert stopped.value.at_once
    assert max(event.step for event in twice.events if isinstance(event, StepDone)) == 7
    assert read_current(tmp_path).resume == "resume/step-00000005-validated"  # of the last validation
    assert not (tmp_path / "report.html").exists()
    assert former() == before


def test_a_second_sigterm_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="stopped by SIGTERM"):
        run_tiny(tmp_path, recorders=[Twice(signal.SIGTERM)])
    assert read_current(tmp_path).resume == "resume/step-00000008"


def test_a_validation_under_way_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    validate = Validator.validate

    def hit(validator: Validator, *parts: Any) -> object:
        signal.raise_signal(signal.SIGINT)
        return validate(validator, *parts)

    heard = Remember()
    with monkeypatch.context() as patched:
        patched.setattr(Validator, "validate", hit)
        with pytest.raises(Stopped):
            run_tiny(tmp_path / "run", recorders=[heard])
    assert sum(isinstance(event, Validated) for event in heard.events) == 1
    assert read_current(tmp_path / "run").last == "checkpoints/epoch-001"
    run_tiny(tmp_path / "run", resume=True)
    run_tiny(tmp_path / "whole")
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_signal_before_the_training_stops_at_once_and_leaves_the_directory_free(tmp_path: Path) -> None:
    def hit(line: str) -> None:
        if line.startswith("vocabulary"):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Stopped) as stopped:
        run_tiny(tmp_path / "run", notify=hit)
    assert stopped.value.at_once
    assert not (tmp_path / "run").exists()


def test_handlers_stay_away_from_other_threads_and_from_ignored_signals() -> None:
    before, seen = former(), list[object]()

    def enter() -> None:
        with Stopping(print):
            seen.append(former())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping(print):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, handler)
