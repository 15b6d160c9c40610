"""What a run goes on from is checked, also where its sums were made to fit."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tandem.checkpoint import read_current
from tandem.errors import CheckpointError
from tandem.run.saving import read_state
from tandem.storage import sealed
from tests.support.runs import copied


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
