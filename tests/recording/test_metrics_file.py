import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import CheckpointError
from tandem.recording import MetricsFile, read_metrics
from tandem.training.events import Event, Finished, Sample, Started, StepDone, Validated, Validation

STEPS_PER_EPOCH = 12


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
    write(MetricsFile(path, every=1), [step_done(1, value), Validated(1, 1, 1.0, validation, False, 1.0)])
    lines = [json.loads(line, parse_constant=pytest.fail) for line in path.read_text("utf-8").splitlines()]
    assert lines[0]["loss"] is None
    assert lines[1]["validation_loss"] is None
    assert lines[1]["scores"] == {"bleu": None}


@pytest.mark.parametrize("keep", [0, 5, 12, 20, 24])
def test_a_resumed_run_reads_like_one_that_went_through(tmp_path: Path, keep: int) -> None:
    through, resumed = tmp_path / "through.jsonl", tmp_path / "resumed.jsonl"
    write(MetricsFile(through, every=1), training(0, 36))
    write(MetricsFile(resumed, every=1), training(0, 24))
    write(MetricsFile(resumed, every=1, keep_until_step=keep), training(keep, 36))
    for event in ("step", "validated"):
        assert rows_of(read_metrics(resumed), event) == rows_of(read_metrics(through), event)
    assert [row["step"] for row in rows_of(read_metrics(resumed), "started")] == [0, keep]


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(MetricsFile(path, every=1), training(0, 3))
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 41), len(whole) - 1]:
        path.write_bytes(whole[:length])
        kept = whole[:length].count(b"\n")
        assert len(read_metrics(path)) == kept
        file = MetricsFile(path)
        file.record(Started(3, STEPS_PER_EPOCH, 1_000, 3))
        file.close()
        assert len(read_metrics(path)) == kept + 1
        assert list(tmp_path.iterdir()) == [path]


def test_a_whole_file_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(MetricsFile(path, every=1), training(0, 3))
    before = path.stat().st_ino
    MetricsFile(path, keep_until_step=3).close()
    assert path.stat().st_ino == before
    assert len(read_metrics(path)) == 5


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


def test_a_record_of_no_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 step, not 0"):
        MetricsFile(tmp_path / "metrics.jsonl", every=0)
