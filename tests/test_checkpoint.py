"""What is saved loads to the same thing: models, optimisers and calibrations."""

import json
import pickletools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tandem.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_optimizer,
    optimizer_tensors,
    read_tensors,
    save_checkpoint,
)
from tandem.errors import CheckpointError
from tandem.files.seals import FORMAT
from tandem.metrics.calibration import Calibration
from tandem.models import CellType
from tandem.recipe import FilesCorpus, load_recipe, portable
from tandem.translation import load
from tests.support.checkpoints import FILES, rewrite, sign_again
from tests.support.models import CELL_TYPES, random_ids
from tests.support.runs import number_pairs, run_tiny, saved, untrained


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(untrained(), tmp_path_factory.mktemp("checkpoints") / "good")


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", CELL_TYPES)
def test_what_is_saved_loads_to_the_same_thing(cell: CellType, tied: bool, tmp_path: Path) -> None:
    made = untrained(cell, f"model.tie_output={str(tied).lower()}", "text.source.tokenizer=bpe")
    model, recipe, source, target, calibration = load_checkpoint(saved(made, tmp_path / "checkpoint"))
    assert calibration is None
    before, after = made.model.state_dict(), model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (model.decoder.fc_out.weight is model.decoder.embedding.weight) == tied
    assert recipe == made.recipe
    assert source.to_json() == made.source_tokenizer.to_json()
    assert target.to_json() == made.target_tokenizer.to_json()
    sources = [source for source, _ in number_pairs(10, seed=3)]
    assert load(tmp_path / "checkpoint", device="cpu").translate(sources) == made.translate(sources)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", CELL_TYPES)
def test_what_is_loaded_is_trained_on_as_the_model_itself(cell: CellType, tied: bool, tmp_path: Path) -> None:
    made = untrained(cell, f"model.tie_output={str(tied).lower()}", "model.dropout=0")
    loaded = load_checkpoint(saved(made, tmp_path / "checkpoint")).model
    shutil.rmtree(tmp_path / "checkpoint")  # the weights are no longer the file's
    source, target = random_ids(6, 4, 10), random_ids(5, 4, 10, seed=1)
    losses = []
    for model in (made.model.train(), loaded.train()):
        assert all(parameter.requires_grad for parameter in model.parameters())
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        for _ in range(3):
            optimizer.zero_grad()
            logits = model(source, target, teacher_forcing_ratio=1.0)
            loss = torch.nn.functional.cross_entropy(logits[1:].flatten(0, 1), target[1:].flatten())
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] == losses[1]
    before, after = made.model.state_dict(), loaded.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [name for name, _ in made.model.named_parameters()] == [name for name, _ in loaded.named_parameters()]


def test_a_checkpoints_recipe_has_no_place_on_a_machine(tmp_path: Path) -> None:
    made = untrained()
    files = FilesCorpus(source=str(tmp_path / "train.de"), target="~/train.en")
    data = made.recipe.data.model_copy(update={"train": files, "folder": str(tmp_path)})
    made.recipe = made.recipe.model_copy(update={"data": data})
    directory = saved(made, tmp_path / "checkpoint")
    assert str(tmp_path) not in (directory / "recipe.toml").read_text(encoding="utf-8")
    assert load_checkpoint(directory).recipe == portable(made.recipe)


def test_a_run_keeps_the_recipe_as_it_was_written(tmp_path: Path) -> None:
    run_tiny(tmp_path / "run", "training.epochs=1", "data.folder=/nowhere")
    assert load_recipe(tmp_path / "run" / "recipe.toml").data.folder == "/nowhere"
    assert load_checkpoint(tmp_path / "run").recipe.data.folder is None


def test_a_checkpoint_holds_these_files_and_nothing_is_pickled(good: Path) -> None:
    assert sorted(path.name for path in good.iterdir()) == sorted([*FILES, "format.json"])
    for path in good.iterdir():
        assert not path.read_bytes().startswith((b"\x80", b"PK")), path.name
        with pytest.raises(ValueError, match=r"opcode|exhausted|invalid|could not|arg"):
            list(pickletools.genops(path.read_bytes()))
    description = json.loads((good / "format.json").read_text(encoding="utf-8"))
    assert description["format"] == FORMAT
    assert set(description["files"]) == set(FILES)
    assert description["files"]["recipe.toml"]["size"] == (good / "recipe.toml").stat().st_size


def test_a_tied_weight_is_saved_once(tmp_path: Path) -> None:
    directory = saved(untrained("gru", "model.tie_output=true"), tmp_path / "tied")
    assert "decoder.fc_out.weight" not in load_file(directory / "model.safetensors")


def test_saving_replaces_what_a_process_that_was_killed_left(tmp_path: Path) -> None:
    directory, left = tmp_path / "epoch-001", tmp_path / ".epoch-001.partial"
    left.mkdir()
    (left / "model.safetensors").write_text("half", encoding="utf-8")
    saved(untrained(), directory)
    assert sorted(path.name for path in directory.iterdir()) == sorted([*FILES, "format.json"])
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-001"]


@pytest.mark.parametrize("kind", ["F6_E2M3", "F6_E3M2", "pickle"])
def test_tensors_of_a_type_that_torch_lacks_are_refused(kind: str, tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": kind, "shape": [4], "data_offsets": [0, 3]}}).encode()
    (tmp_path / "state").write_bytes(len(header).to_bytes(8, "little") + header + bytes(3))
    with pytest.raises(CheckpointError, match=r"state: damaged: .*\. Copy it again"):
        read_tensors(tmp_path / "state")


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_an_optimizer_goes_on_where_it_was(name: str, tmp_path: Path) -> None:
    def made() -> tuple[torch.nn.Linear, torch.optim.Optimizer]:
        torch.manual_seed(3)
        layer = torch.nn.Linear(3, 2)
        rates = {"lr": 0.1, "momentum": 0.9} if name == "SGD" else {"lr": 0.1}
        kind: Any = getattr(torch.optim, name)
        return layer, kind(layer.parameters(), **rates)

    def step(layer: torch.nn.Linear, optimizer: torch.optim.Optimizer, value: float) -> None:
        optimizer.zero_grad()
        layer(torch.full((4, 3), value)).square().sum().backward()
        optimizer.step()

    layer, optimizer = made()
    step(layer, optimizer, 0.5)
    other, continued = made()
    other.load_state_dict(layer.state_dict())
    save_file(optimizer_tensors(optimizer), tmp_path / "state")
    load_optimizer(continued, read_tensors(tmp_path / "state"))
    step(layer, optimizer, 2.0)
    step(other, continued, 2.0)
    assert torch.equal(layer.weight, other.weight)
    assert torch.equal(layer.bias, other.bias)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("0.exp_avg"), "'0.' is not what Adam keeps"),
        (lambda state: state.update({"2.step": torch.tensor(1.0)}), r"'2\.step' is not what Adam keeps"),
        (lambda state: state.update({"-1.step": torch.tensor(1.0)}), r"'-1\.step' is not"),
        (lambda state: state.update({"step": torch.tensor(1.0)}), "'step' is not"),
        (lambda state: state.update({"0.momentum_buffer": torch.zeros(2, 3)}), r"'0\.momentum_buffer' is not"),
        (lambda state: state.update({"0.exp_avg": torch.zeros(3, 2)}), r"'0\.exp_avg' is not"),
        (lambda state: state.update({"1.step": torch.tensor(1)}), r"'1\.step' is not"),
        (lambda state: state.update({"1.exp_avg": torch.zeros(2).double()}), r"'1\.exp_avg' is not"),
    ],
)
def test_an_optimizers_state_that_does_not_fit_is_refused(
    change: Callable[[dict[str, torch.Tensor]], object], said: str
) -> None:
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(3)).sum().backward()
    optimizer.step()
    state = optimizer_tensors(optimizer)
    load_optimizer(optimizer, state)
    change(state)
    with pytest.raises(CheckpointError, match=f"^there: {said}.* Copy the run again, or start anew"):
        load_optimizer(optimizer, state, "there")


def test_a_checkpoint_is_made_of_its_parts(tmp_path: Path) -> None:
    made = untrained()
    whole = Checkpoint(made.model, made.recipe, made.source_tokenizer, made.target_tokenizer)
    save_checkpoint(whole, tmp_path / "deep" / "down")
    assert load_checkpoint(tmp_path / "deep" / "down").recipe == made.recipe


def calibrated(directory: Path) -> Path:
    """A checkpoint with a calibration."""
    made = untrained()
    parts = made.model, made.recipe, made.source_tokenizer, made.target_tokenizer
    save_checkpoint(Checkpoint(*parts, Calibration(1.25, 0.1, 3.0)), directory)
    return directory


def test_a_calibration_is_saved_with_its_model_and_gives_confidences(tmp_path: Path) -> None:
    path = calibrated(tmp_path / "calibrated")
    calibration = load_checkpoint(path).calibration
    assert calibration == Calibration(1.25, 0.1, 3.0)
    translator = load(path, device="cpu")
    settings = translator.search_settings(n_best=2)
    empty, found = translator.translate(["", "eins zwei"], settings)
    assert found.confidence == calibration.confidence(found.token_scores)
    assert [alternative.confidence for alternative in found.alternatives] == [None, None]
    assert empty.confidence is None
    assert load([path, path], device="cpu").translate(["eins"])[0].confidence is None
    assert untrained().translate(["eins"])[0].confidence is None


def test_a_calibration_that_is_damaged_or_missing_is_named(tmp_path: Path) -> None:
    path = calibrated(tmp_path / "calibrated")
    file = path / "calibration.json"
    rewrite(file, total="much")
    with pytest.raises(CheckpointError, match=r"calibration.json: damaged: (it has|its content)"):
        load_checkpoint(path)
    sign_again(path)
    with pytest.raises(CheckpointError, match=r"calibration.json: damaged: a calibration is of 3 finite numbers"):
        load_checkpoint(path)
    file.unlink()
    with pytest.raises(CheckpointError, match=r"calibration.json: missing"):
        load_checkpoint(path)
    sign_again(path)
    assert load_checkpoint(path).calibration is None
