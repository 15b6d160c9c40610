import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import CheckpointError, NotWrittenError
from tandem.recording import MetricsFile, ResumePoint, read_metrics
from tandem.training.events import Event, Finished, Sample, Started, StepDone, Validated, Validation

STEPS_PER_EPOCH = 12
FULL = Path("/dev/full")


def step_done(step: int, loss: float | None = None) -> StepDone:
    epoch = (step - 1) // STEPS_PER_EPOCH + 1
    return StepDone(epoch, step, float(step) if loss is None else loss, 100.0 * step, 0.5 / step, 2.0 * step, 0.5)


def training(first: int, last: int) -> list[Event]:
    """The events of a run that goes on after step `first` and ends after step `last`."""
    events: list[Event] = [Started(3, STEPS_PER_EPOCH, 1_000, first)]
    for step in range(first + 1, last + 1):
        events.append(step_done(step))
        if step % STEPS_PER_EPOCH == 0:
            sample = Sample("ein »Hund«\u2028", "a dog", 'a "dog"\n')
            validation = Validation(2.5, {"bleu": 12.0}, (sample,))
            events.append(Validated(step // STEPS_PER_EPOCH, step, 3.0, validation, True, 4.0))
    return [*events, Finished("interrupted", 1, 9.0)]


def write(file: MetricsFile, events: list[Event]) -> None:
    for event in events:
        file.record(event)
    file.close()


def rows_of(rows: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["event"] == event]


def test_every_event_is_read_back_with_its_figures(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(MetricsFile(path, every=6), training(0, 12))
    rows = read_metrics(path)
    assert [row["event"] for row in rows] == ["started", "step", "step", "validated", "finished"]
    assert rows[0] == {"event": "started", "step": 0, "epochs": 3, "steps_per_epoch": 12, "parameters": 1000}
    assert rows[2]["learning_rate"] == 0.5 / 12
    assert rows[3]["samples"] == [{"source": "ein »Hund«\u2028", "reference": "a dog", "translation": 'a "dog"\n'}]
    assert rows[3]["scores"] == {"bleu": 12.0}
    assert (rows[3]["train_loss"], rows[3]["validation_loss"], rows[3]["best"]) == (3.0, 2.5, True)
    assert rows[4] == {
        "event": "finished",
        "step": 12,
        "reason": "interrupted",
        "best_epoch": 1,
        "seconds": 9.0,
    }


@settings(max_examples=30, deadline=None)
@given(every=st.integers(1, 15), last=st.integers(1, 36))
def test_each_step_counts_in_exactly_one_mean(every: int, last: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    write(MetricsFile(path, every=every), training(0, last))
    rows = rows_of(read_metrics(path), "step")
    assert sum(row["steps"] for row in rows) == last
    assert max(row["steps"] for row in rows) <= every
    for figure, total in (("loss", 1), ("gradient_norm", 2), ("tokens_per_second", 100)):
        assert sum(row[figure] * row["steps"] for row in rows) == pytest.approx(total * last * (last + 1) / 2)


def test_each_line_is_on_disk_at_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    file = MetricsFile(path, every=2)
    events: list[Event] = [Started(1, 4, 1), step_done(1), step_done(2), step_done(3)]
    for count, event in enumerate(events):
        file.record(event)
        assert len(read_metrics(path)) == (1, 1, 2, 2)[count]
    file.close()
    assert [row.get("steps") for row in read_metrics(path)] == [None, 2, 1]
    file.close()
    assert len(read_metrics(path)) == 3


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_becomes_null(tmp_path: Path, value: float) -> None:
    path = tmp_path / "metrics.jsonl"
    validation = Validation(value, {"bleu": value})
    started = Started(1, 1, 1)
    write(MetricsFile(path, every=1), [started, step_done(1, value), Validated(1, 1, 1.0, validation, False, 1.0)])
    lines = [json.loads(line, parse_constant=pytest.fail) for line in path.read_text("utf-8").splitlines()][1:]
    assert lines[0]["loss"] is None
    assert lines[1]["validation_loss"] is None
    assert lines[1]["scores"] == {"bleu": None}


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("stop", [0, 4, 5, 12, 20, 24])
def test_a_resumed_file_reads_like_that_of_a_run_that_went_through(tmp_path: Path, stop: int, every: int) -> None:
    """Whatever it told of later steps, and of its stops."""
    through, resumed = tmp_path / "through.jsonl", tmp_path / "resumed.jsonl"
    write(MetricsFile(through, every), training(0, 36))
    first = MetricsFile(resumed, every)
    events = training(0, 24)
    for event in events[:-1]:
        first.record(event)
        if isinstance(event, Started | StepDone | Validated) and getattr(event, "step", 0) == stop:
            held = first.pending_steps
    write(first, events[-1:])
    assert len(held) == (0 if stop % 12 == 0 else stop % 12 % every)
    write(MetricsFile(resumed, every, ResumePoint(stop // 12, stop, held)), training(stop, 36))
    assert resumed.read_bytes() == through.read_bytes()


def test_a_stop_before_the_validation_forgets_the_validation(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(MetricsFile(path, every=4), training(0, 12))
    write(MetricsFile(path, every=4, resume_point=ResumePoint(0, 12)), [Started(5, STEPS_PER_EPOCH, 1_000, 12)])
    assert [(row["event"], row["step"]) for row in read_metrics(path)] == [
        ("started", 0),
        ("step", 4),
        ("step", 8),
        ("step", 12),
    ]
    assert read_metrics(path)[0]["epochs"] == 5


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(MetricsFile(path, every=1), training(0, 3))
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 41), len(whole) - 1]:
        path.write_bytes(whole[:length])
        kept = read_metrics(path)
        assert len(kept) == whole[:length].count(b"\n")
        write(MetricsFile(path, resume_point=ResumePoint(0, 3)), [Started(3, STEPS_PER_EPOCH, 1_000, 3)])
        assert read_metrics(path) == [read_metrics(path)[0], *rows_of(kept, "step")]
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", [b"\x00\x00\x00", b"[1, 2]", b'{"event": "step"}', b"\xff"])
def test_a_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    write(MetricsFile(path, every=1), training(0, 3))
    lines = path.read_bytes().split(b"\n")
    lines[1] = damage
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl, line 2: must be a JSON object .* delete that line"):
        read_metrics(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl does not exist: every run writes this file"):
        read_metrics(tmp_path / "metrics.jsonl")


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.jsonl")
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl: cannot be read: it is not an ordinary file"):
        read_metrics(tmp_path / "metrics.jsonl")


def test_a_record_of_no_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 step, not 0"):
        MetricsFile(tmp_path / "metrics.jsonl", every=0)


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_disk_is_named_and_the_file_closed(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "metrics.jsonl", every=1)
    file.record(Started(1, 4, 1))
    file.close()
    file._file = FULL.open("a", encoding="utf-8")
    said = r"metrics\.jsonl: cannot be written: No space left on device\. What was there before is unchanged"
    with pytest.raises(NotWrittenError, match=said):
        file.record(step_done(1))
    with pytest.raises(NotWrittenError, match=said):
        file.close()
    file.close()


def test_a_training_that_is_stopped_before_it_starts_leaves_the_file_alone(tmp_path: Path) -> None:
    write(MetricsFile(tmp_path / "metrics.jsonl"), [Finished("interrupted", 0, 1.0)])
    assert list(tmp_path.iterdir()) == []
