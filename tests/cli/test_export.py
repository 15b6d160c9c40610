"""`tandem export`, and a file that an export translates in several processes."""

from pathlib import Path

import pytest

from tests.support.console import Tandem
from tests.support.runs import number_pairs, untrained


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    untrained("gru").save(tmp_path / "mine")
    return tmp_path / "mine"


@pytest.fixture
def export(checkpoint: Path, tandem: Tandem) -> Path:
    assert tandem("export", checkpoint).code == 0
    return checkpoint.with_name("mine-onnx")


def test_what_was_compared_is_said(checkpoint: Path, tandem: Tandem, tmp_path: Path) -> None:
    made = tandem("export", checkpoint, "--precision", "int8", "--out", tmp_path / "small")
    assert made.code == 0
    assert f"The export is in {tmp_path / 'small'}, 0.0 MB." in made.out
    assert "of 64 outputs are the model's own; log-probabilities differ by up to" in made.out.replace("\n", " ")
    again = tandem("export", checkpoint, "--out", tmp_path / "small")
    assert (again.code, again.out) == (1, "")
    assert "small already exists, and is not overwritten" in again.err


def test_a_file_is_divided_and_the_output_is_the_same(export: Path, tmp_path: Path, tandem: Tandem) -> None:
    lines = [source for source, _ in number_pairs(23, seed=8)]
    source = tmp_path / "in.txt"
    source.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for processes in (1, 3):
        files = "--input", source, "--output", tmp_path / f"{processes}.txt"
        assert tandem("translate", export, *files, "--batch-size", 1, "--processes", processes).code == 0
    assert (tmp_path / "1.txt").read_bytes() == (tmp_path / "3.txt").read_bytes()


@pytest.mark.parametrize("command", ["export", "average", "describe"])
def test_what_needs_a_checkpoint_says_so_of_an_export(
    command: str, export: Path, tandem: Tandem, tmp_path: Path
) -> None:
    out = [] if command == "describe" else ["--out", tmp_path / "new"]
    failed = tandem(command, export, *out)
    assert failed.code == 1
    assert f"{export}: this is an export, but a run or a checkpoint is needed" in failed.err


def test_an_export_ranks_hypotheses_as_its_model_does(
    checkpoint: Path, export: Path, tandem: Tandem, tmp_path: Path
) -> None:
    (tmp_path / "source").write_text("eins zwei\n", encoding="utf-8")
    lists = tmp_path / "lists"
    lists.write_text("0 ||| one two ||| ||| -1\n0 ||| two ||| ||| -2\n", encoding="utf-8")
    made, wanted = (
        tandem("rescore", model, "--n-best", lists, "--source", tmp_path / "source") for model in (export, checkpoint)
    )
    assert (made.code, made.out) == (0, wanted.out)


def test_processes_are_for_exports(checkpoint: Path, tandem: Tandem, tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("eins\n", encoding="utf-8")
    failed = tandem("translate", checkpoint, "--input", source, "--processes", 2)
    assert failed.code == 1
    assert "--processes is for exports" in failed.err
