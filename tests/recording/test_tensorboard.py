import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tandem.errors import NotWrittenError
from tandem.recording import ResumePoint, TensorBoard
from tandem.terminal import printable
from tandem.training.events import Event, Finished, Sample, Started, StepDone, Validated, Validation
from tests.support.limits import needs_limits, no_file_beyond


def training(first: int, last: int) -> Iterator[Event]:
    yield Started(2, 4, 1_000, first)
    for step in range(first + 1, last + 1):
        yield StepDone(1, step, 1000.0 if step == 1 else 2.0, 50.0, 0.25, 3.0, 0.5)
    samples = (Sample("<b>ein</b>\nHund", "a dog", "a *dog*"),)
    yield Validated(1, last, 2.0, Validation(1.5, {"bleu": 20.0}, samples), True, 1.0)
    yield Finished("interrupted", 1, 1.0)


def write(recorder: TensorBoard, events: Iterator[Event]) -> None:
    for event in events:
        recorder.record(event)
    recorder.close()
    recorder.close()


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def test_every_curve_is_there_at_its_step(tmp_path: Path) -> None:
    write(TensorBoard(tmp_path, every=2), training(0, 5))
    events = read(tmp_path)
    train = ["loss", "perplexity", "learning_rate", "gradient_norm", "tokens_per_second"]
    validation = ["loss", "perplexity", "bleu"]
    tags = [f"train/{name}" for name in train] + [f"validation/{name}" for name in validation]
    assert sorted(events.Tags()["scalars"]) == sorted(tags)
    assert [point.step for point in events.Scalars("train/loss")] == [2, 4, 5]
    assert [point.value for point in events.Scalars("train/loss")] == [501.0, 2.0, 2.0]
    assert [point.value for point in events.Scalars("train/gradient_norm")] == [3.0] * 3
    bleu = events.Scalars("validation/bleu")
    assert [(point.step, point.value) for point in bleu] == [(5, 20.0)]
    assert events.Scalars("validation/perplexity")[0].value == pytest.approx(math.exp(1.5))


def test_the_samples_are_text_shown_as_it_is(tmp_path: Path) -> None:
    write(TensorBoard(tmp_path), training(0, 1))
    text = read(tmp_path).Tensors("validation/samples/text_summary")[0].tensor_proto.string_val[0].decode()
    lines = text.split("\n")
    assert [line.split(maxsplit=1)[1] for line in lines] == [printable("<b>ein</b>\nHund"), "a dog", "a *dog*"]
    assert all(line.startswith("    ") for line in lines)


def test_a_resumed_run_hides_the_later_steps_of_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(TensorBoard(first, every=2), training(0, 6))
    held = (StepDone(1, 3, 8.0, 50.0, 0.25, 3.0, 0.5),)
    write(TensorBoard(second, every=2, resume_point=ResumePoint(0, 3, held)), training(3, 6))
    # Two event files of one folder, read in the order of their making.
    files = [*first.iterdir(), *second.iterdir()]
    for number, file in enumerate(files):
        file.rename(tmp_path / f"events.out.tfevents.{number}.host")
    assert [point.step for point in read(tmp_path).Scalars("train/loss")] == [2, 4, 6]
    assert [point.value for point in read(tmp_path).Scalars("train/loss")] == [501.0, 5.0, 2.0]


def test_a_clock_that_goes_back_leaves_points_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    write(TensorBoard(tmp_path, every=2), training(0, 4))
    monkeypatch.setattr(time, "time", lambda: now - 86_400)
    write(TensorBoard(tmp_path, every=2, resume_point=ResumePoint(0, 4, ())), training(4, 8))
    points = read(tmp_path).Scalars("train/loss")
    assert [point.step for point in points] == [2, 4, 6, 8]
    assert [point.wall_time for point in points] == sorted(point.wall_time for point in points)


def test_a_run_that_begins_hides_what_one_left_that_was_never_saved(tmp_path: Path) -> None:
    for number, last in enumerate((6, 4)):
        before = set(tmp_path.iterdir())
        write(TensorBoard(tmp_path, every=2), training(0, last))
        (made,) = set(tmp_path.iterdir()) - before
        made.rename(tmp_path / f"events.out.tfevents.{number}.host")  # in the order of their making
    assert [point.step for point in read(tmp_path).Scalars("train/loss")] == [2, 4]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file", encoding="utf-8")
    with pytest.raises(NotWrittenError, match=r"tensorboard/events\.out\.\S+: cannot be written: File exists"):
        TensorBoard(tmp_path / "tensorboard")


@needs_limits
def test_a_full_disk_is_named_where_it_happens(tmp_path: Path) -> None:
    recorder = TensorBoard(tmp_path, every=1)
    said = r"events\.out\.\S+: cannot be written: File too large\. What was there before is unchanged"
    with no_file_beyond(200):
        with pytest.raises(NotWrittenError, match=said):
            write(recorder, training(0, 5))
        with pytest.raises(NotWrittenError, match=said):
            recorder.close()
    recorder.close()
