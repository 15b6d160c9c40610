"""What a run goes on from is checked, also where its sums were made to fit."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tandem.errors import CheckpointError
from tandem.files.seals import sealed
from tandem.model_paths import read_current
from tandem.runs.saving import read_state
from tests.support.runs import copied, run_tiny, stopped


@pytest.mark.parametrize("name", ["torch", "coins"])
@pytest.mark.parametrize("spoilt", ["cut", "other type", "nonsense", "missing"])
def test_a_random_state_that_is_none_is_damage(name: str, spoilt: str, shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    folder = run / read_current(run).resume
    path = folder / "random.safetensors"
    tensors = load_file(path)
    match spoilt:
        case "cut":
            tensors[name] = tensors[name][:-1].clone()
        case "other type":
            tensors[name] = tensors[name].float()
        case "nonsense":
            tensors[name] = torch.full_like(tensors[name], 255)
        case _:
            del tensors[name]
    save_file(tensors, path)
    description = json.loads((folder / "format.json").read_text(encoding="utf-8"))
    del description["sha256"]
    content = path.read_bytes()
    description["files"][path.name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "format.json").write_text(sealed(description), encoding="utf-8", newline="\n")
    with pytest.raises(CheckpointError, match=r"random\.safetensors: damaged: not the state of a random generator"):
        read_state(run)


def signed(folder: Path, name: str, content: str) -> None:
    """Put another content into a file of a checkpoint, and the sums that fit."""
    (folder / name).write_text(content, encoding="utf-8", newline="\n")
    description = json.loads((folder / "format.json").read_text(encoding="utf-8"))
    del description["sha256"]
    written = (folder / name).read_bytes()
    description["files"][name] = {"size": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    (folder / "format.json").write_text(sealed(description), encoding="utf-8", newline="\n")


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": "2"},
        {"epoch": 10**400},
        {"epoch": -1},
        {"step": 10**30},
        {"step": 11},
        {"step": None},
        {"best_epoch": 7},
        {"history": []},
        {"history": [1.0, float("nan")]},
        {"history": ["a", "b"]},
        {"history": 3},
        {"batches": 3},
        {"seconds": float("inf")},
        {"held": [{"step": 1}]},
        {"held": {}},
        {"corpus": 7},
        {"corpus": None},
    ],
    ids=str,
)
def test_a_progress_that_cannot_be_is_damage(change: dict[str, Any], shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    folder = run / read_current(run).resume
    content = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    signed(folder, "progress.json", json.dumps(content | change))
    with pytest.raises(CheckpointError, match=r"progress\.json: damaged: "):
        read_state(run)


@pytest.mark.parametrize("content", ["", "[]", "null", "[" * 9999, '{"epoch": ' + "9" * 5000 + "}"])
def test_a_progress_that_is_none_is_damage(content: str, shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    signed(run / read_current(run).resume, "progress.json", content)
    with pytest.raises(CheckpointError, match=r"progress\.json: damaged: "):
        read_state(run)


def test_a_progress_of_more_batches_than_there_are_is_damage(tmp_path: Path) -> None:
    stopped(tmp_path / "run", 3)
    folder = tmp_path / "run" / read_current(tmp_path / "run").resume
    content = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    signed(folder, "progress.json", json.dumps(content | {"batches": 99}))
    with pytest.raises(CheckpointError, match=r"progress\.json tells of more steps than its epochs have"):
        run_tiny(tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "place",
    [
        "checkpoints",
        "resume",
        "tensorboard",
        "metrics.jsonl",
        "recipe.toml.partial",
        "report.html",
        "scores.json",
        "checkpoints/epoch-003",
        "checkpoints/.epoch-003.partial",
        "resume/step-00000010-validated/progress.json",
    ],
)
def test_going_on_follows_no_link(place: str, shared: Path, tmp_path: Path) -> None:
    run, victim = copied(shared, tmp_path / "run"), tmp_path / "victim"
    link = run / place
    if link.exists():
        link.rename(victim)
    else:
        victim.mkdir()
        (victim / "thesis.txt").write_text("work", encoding="utf-8")
    link.symlink_to(victim)
    before = contents(victim)
    with pytest.raises(
        CheckpointError, match=rf"{re.escape(str(link))}: this is a link, and a resumed run|lies behind a link"
    ):
        run_tiny(run, "training.epochs=4", resume=True)
    assert contents(victim) == before


def contents(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (place, *place.rglob("*")) if path.is_file()}


def test_what_a_user_puts_beside_the_checkpoints_stays(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    copied(run / "checkpoints" / "epoch-002", run / "checkpoints" / "epoch-002-copy")
    copied(run / "checkpoints" / "epoch-002", run / "checkpoints" / "good")
    for place in ("checkpoints/.DS_Store", "resume/.DS_Store", "checkpoints/epoch-001/notes.txt", "notes.txt"):
        (run / place).parent.mkdir(exist_ok=True)
        (run / place).write_text("work", encoding="utf-8")
    (run / "latest").symlink_to("checkpoints/epoch-002")
    kept = [path for path in contents(run) if {"epoch-002-copy", "good"} & {*path.parts}]
    kept += [path for path in contents(run) if path.name in {".DS_Store", "notes.txt"}]
    before = {path: path.read_bytes() for path in kept}
    run_tiny(run, "training.epochs=4", resume=True)
    assert {path: path.read_bytes() for path in kept} == before
    assert (run / "latest").is_symlink()
    assert read_current(run).last == "checkpoints/epoch-004"
