"""What two trainings are compared by: times do not count, and everything else does."""

import json
from pathlib import Path

from benchmarks.run_sums import differing, sums_of
from benchmarks.small_trainings import relative_difference
from tests.support.runs import copied, run_tiny, shared_run


def test_two_equal_trainings_have_the_same_sums(tmp_path: Path) -> None:
    whole, again = shared_run(tmp_path), tmp_path / "again"
    run_tiny(again)
    sums = sums_of(whole)
    assert {"current.json", "metrics.jsonl", "checkpoints/epoch-002/model.safetensors"} <= sums.keys()
    assert differing(sums, sums_of(again)) == []
    assert (whole / "metrics.jsonl").read_bytes() != (again / "metrics.jsonl").read_bytes()


def test_files_that_differ_are_named(tmp_path: Path) -> None:
    whole = shared_run(tmp_path)
    sums, other = sums_of(whole), copied(whole, tmp_path / "other")
    weights, metrics = other / "checkpoints/epoch-002/model.safetensors", other / "metrics.jsonl"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    first, *rows = metrics.read_text(encoding="utf-8").splitlines()
    metrics.write_text("\n".join([json.dumps({**json.loads(first), "step": 9}), *rows]) + "\n", encoding="utf-8")
    (other / "scores.json").unlink()
    wanted = ["checkpoints/epoch-002/model.safetensors", "metrics.jsonl", "scores.json"]
    assert differing(sums, sums_of(other)) == differing(sums_of(other), sums) == wanted


def test_the_largest_relative_difference_counts() -> None:
    assert relative_difference([2.0, 4.0], [2.0, 4.0]) == 0
    assert relative_difference([2.0, 5.0, 1.0], [2.0, 4.0, 1.25]) == 0.25
