"""A run and its checkpoints say what they were trained on."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import tandem
from tandem.checkpoint import load_checkpoint
from tandem.errors import CheckpointError
from tandem.model_paths import checkpoint_of
from tandem.runs.provenance import PROVENANCE, Session, provenance_text, read_provenance, this_session
from tests.support.runs import copied, number_pairs, run_tiny, saved, stopped, untrained

CPU = torch.device("cpu")


def test_a_run_tells_what_it_ran_on(shared: Path) -> None:
    (session,) = read_provenance(shared)
    assert (session.device, session.precision, session.first_step) == ("cpu", "float32", 0)
    assert (session.threads, session.torch, session.tandem) == (1, torch.__version__, tandem.__version__)
    assert session.command == ("tandem.train",)
    assert session.processor
    assert [file["name"] for file in session.corpora["train"]] == ["pairs in memory"]
    assert session.corpora["train"] != session.corpora["validation"]
    assert read_provenance(checkpoint_of(shared)) == [session]
    page = (shared / "report.html").read_text(encoding="utf-8")
    assert "1 thread, float32" in page
    assert f"torch {torch.__version__}" in page


def test_sums_of_files_are_those_that_other_tools_give(tmp_path: Path) -> None:
    pairs = number_pairs(20)
    for side, name in enumerate(("a.de", "a.en")):
        (tmp_path / name).write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8")
    settings = {"model": {"hidden": 8, "embedding": 6}, "training.epochs": 1, "training.precision": "bfloat16"}
    tandem.train(source=tmp_path / "a.de", target=tmp_path / "a.en", out=tmp_path / "run", settings=settings)
    (session,) = read_provenance(tmp_path / "run")
    assert session.corpora == {
        "train": [
            {"name": name, "sha256": hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}
            for name in ("a.de", "a.en")
        ]
    }
    assert session.precision == "bfloat16"


def test_a_run_that_goes_on_tells_of_every_session(tmp_path: Path) -> None:
    stopped(tmp_path, 3)
    run_tiny(tmp_path, resume=True)
    assert [session.first_step for session in read_provenance(tmp_path)] == [0, 3]
    assert [session.first_step for session in read_provenance(checkpoint_of(tmp_path))] == [0, 3]


def test_a_checkpoint_names_no_place_on_this_machine() -> None:
    words: tuple[str, ...] = ("tandem", "train", "/home/me/a.toml", "--out", "runs/a", "--set", "data.folder=~/corpora")
    words += ("--set", 'data.test={ kind = "tsv", path = "/data/test.tsv" }', "--tsv", r"C:\data\b.tsv")
    session = this_session(words, 0, CPU, torch.float32, {}).portable()
    assert session.command == (
        *("tandem", "train", "a.toml", "--out", "runs/a", "--set", "data.folder=corpora"),
        *("--set", 'data.test={ kind = "tsv", path = "test.tsv" }', "--tsv", "b.tsv"),
    )


def test_checkpoints_that_tell_nothing_load_as_before(tmp_path: Path) -> None:
    """As those of earlier versions do."""
    checkpoint = saved(untrained(), tmp_path / "checkpoint")
    assert read_provenance(checkpoint) == []
    assert load_checkpoint(checkpoint)
    assert read_provenance(Path(__file__).parents[1] / "formats" / "1") == []


def test_damage_is_named_and_keeps_nobody_from_the_model(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    file = checkpoint_of(run) / PROVENANCE
    file.write_bytes(file.read_bytes().replace(b"cpu", b"gpu"))
    with pytest.raises(CheckpointError, match=r"provenance\.json: damaged: its content is not what was saved"):
        read_provenance(file.parent)
    assert load_checkpoint(run)
    file.unlink()
    with pytest.raises(CheckpointError, match=r"provenance\.json: missing"):
        read_provenance(file.parent)


@pytest.mark.parametrize("content", ["{", "[]", '{"sessions": [{"started": "now"}]}', '{"sessions": [3]}'])
def test_a_run_goes_on_whatever_its_provenance_holds(content: str, tmp_path: Path) -> None:
    stopped(tmp_path, 7)
    (tmp_path / PROVENANCE).write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"provenance\.json: damaged: it does not list sessions"):
        read_provenance(tmp_path)
    said: list[str] = []
    run_tiny(tmp_path, resume=True, notify=said.append)
    assert any("The run goes on, and its provenance lists this session alone" in line for line in said)
    assert [session.first_step for session in read_provenance(tmp_path)] == [7]


def test_a_later_version_may_tell_more(tmp_path: Path) -> None:
    session = replace(this_session(["tandem"], 0, CPU, torch.float32, {"train": [("a", "0")]}), threads=3)
    content = json.loads(provenance_text([session]))
    content["sessions"][0]["weather"] = "fine"
    (tmp_path / PROVENANCE).write_text(json.dumps(content), encoding="utf-8")
    assert read_provenance(tmp_path) == [session]
    assert isinstance(read_provenance(tmp_path)[0], Session)
