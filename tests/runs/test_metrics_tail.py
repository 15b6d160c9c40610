"""A metrics file is read while it grows: no row is lost, torn or told twice, and a new file is noticed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tandem.errors import CheckpointError
from tandem.files.atomic import replace_file
from tandem.recording import read_metrics
from tandem.runs.metrics_tail import MOST_ROWS, MetricsTail, Standing
from tandem.training.schedule import count_steps
from tests.support.runs import run_tiny, stopped

STARTED = {"event": "started", "step": 0, "epochs": 2, "steps_per_epoch": 3, "parameters": 9}


def line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def step(number: int) -> dict[str, Any]:
    return {"event": "step", "step": number, "epoch": 1, "loss": 1.0}


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_each_row_comes_once_and_only_when_it_is_whole(path: Path) -> None:
    tail = MetricsTail(path)
    assert tail.rows(0) == ([], 0, False)
    first, second = STARTED, {**step(1), "note": "ä\u2028ö"}
    cut = len(line(second)) // 2
    append(path, line(first) + line(second)[:cut])
    rows, place, _ = tail.rows(0)
    assert rows == [first]
    assert tail.rows(place).rows == []
    append(path, line(second)[cut:])
    assert tail.rows(place).rows == [second]
    assert tail.rows(1).rows == [second]  # a plain number is a row's
    assert tail.rows(0).rows == read_metrics(path)


def test_answers_are_bounded_and_join_to_the_whole_file(path: Path) -> None:
    written = [step(number) for number in range(MOST_ROWS + 10)]
    written += [{**step(number), "long": "x" * 2**21} for number in range(4)]
    path.write_text("".join(map(line, written)), encoding="utf-8", newline="\n")
    tail, place = MetricsTail(path), 0
    rows: list[dict[str, Any]] = []
    sizes: list[int] = []
    while not sizes or sizes[-1]:
        found = tail.rows(place)
        place = found.next
        rows += found.rows
        sizes.append(len(found.rows))
        assert sum(len(line(row)) for row in found.rows) <= 2**22 or len(found.rows) == 1
    assert rows == written
    assert max(sizes) == MOST_ROWS


@pytest.mark.parametrize("count", [1, 5])
def test_another_file_in_its_place_is_noticed(count: int, path: Path) -> None:
    """By a reader that saw the old file, and by one that knows only the place: after that server has ended, too."""
    path.write_text("".join(map(line, [STARTED, step(1), step(2)])), encoding="utf-8", newline="\n")
    tail = MetricsTail(path)
    place = tail.rows(0).next
    replace_file(path, "".join(line(step(number)) for number in range(count)))
    for reader in (tail, MetricsTail(path)):
        assert reader.rows(place) == ([], 0, True)
        assert [row["step"] for row in reader.rows(0).rows] == list(range(count))


def test_a_file_that_is_cut_short_or_gone_is_begun_anew(path: Path) -> None:
    path.write_text("".join(map(line, [STARTED, step(1), step(2)])), encoding="utf-8", newline="\n")
    tail = MetricsTail(path)
    place = tail.rows(0).next
    os.truncate(path, len(line(STARTED)))
    assert tail.rows(place).restarted
    assert tail.rows(0).rows == [STARTED]
    path.unlink()
    assert tail.rows(place).restarted
    assert tail.rows(0) == ([], 0, False)


def test_a_resumed_training_is_noticed_and_read_again_whole(tmp_path: Path) -> None:
    run = tmp_path / "run"
    stopped(run, 3)
    tail = MetricsTail(run / "metrics.jsonl")
    place = tail.rows(0).next
    assert tail.standing().ended == "interrupted"
    run_tiny(run, resume=True)
    assert tail.rows(place).restarted
    assert tail.rows(0).rows == read_metrics(run / "metrics.jsonl")
    standing = tail.standing()
    assert (standing.epochs, standing.epoch, standing.step) == (2, 2, standing.steps)
    assert standing.ended == "all 2 epochs done"
    assert [row.epoch for row in tail.validations()] == [1, 2]


@pytest.mark.parametrize(("epochs", "per_epoch"), [(2, 3), (7.5, 3), (0.1, 3), (2.5, 5)])
def test_steps_are_counted_as_the_training_counts_them(epochs: float, per_epoch: int, path: Path) -> None:
    path.write_text(line({**STARTED, "epochs": epochs, "steps_per_epoch": per_epoch}), encoding="utf-8", newline="\n")
    assert MetricsTail(path).standing() == Standing(epochs, count_steps(epochs, per_epoch))


@pytest.mark.parametrize("damage", ["no json", "[]", '{"event": "step"}', "[" * 100_000, '{"step": "x"}', "\udcff"])
def test_a_damaged_line_is_named(damage: str, path: Path) -> None:
    path.write_bytes((line(STARTED) + damage + "\n" + line(step(1))).encode("utf-8", "surrogateescape"))
    tail = MetricsTail(path)
    for _ in range(2):
        with pytest.raises(CheckpointError, match="line 2: must be a JSON object with a step, but is '"):
            tail.rows(0)


def test_a_validation_without_an_epoch_is_damage(path: Path) -> None:
    path.write_text(line({"event": "validated", "step": 1, "samples": [1]}), encoding="utf-8", newline="\n")
    with pytest.raises(CheckpointError, match="a row of a validation lacks its epoch"):
        MetricsTail(path).validations()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes as POSIX has them")
def test_a_pipe_is_not_opened(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match="it is not an ordinary file"):
        MetricsTail(path).rows(0)
