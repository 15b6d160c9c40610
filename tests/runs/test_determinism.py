"""The same recipe and seed give the same figures and the same weights, bit for bit, whatever assembles the batches."""

from pathlib import Path

import pytest

from tests.support.runs import assert_same_run, run_tiny

SETTINGS = ("training.teacher_forcing.start=0.6", "model.word_dropout=0.1", "model.output_dropout=0.2")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_number_of_loader_workers_changes_nothing(cell: str, tmp_path: Path) -> None:
    for workers in (1, 0, 4):
        run_tiny(tmp_path / str(workers), f"model.cell={cell}", f"data.loader_workers={workers}", *SETTINGS)
    for workers in (0, 4):
        assert_same_run(tmp_path / str(workers), tmp_path / "1")


def test_another_seed_is_another_training(tmp_path: Path) -> None:
    for seed in (1, 2):
        run_tiny(tmp_path / str(seed), f"seed={seed}", *SETTINGS)
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path / "2", tmp_path / "1")
