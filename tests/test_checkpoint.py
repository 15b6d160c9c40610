"""What is saved loads to the same thing, and whatever is wrong with the files is said, never loaded."""

import json
import pickletools
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
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
from tandem.files.seals import FORMAT, sealed, write_directory
from tandem.metrics.calibration import Calibration
from tandem.model_paths import Current, checkpoint_of, read_current, read_models, write_current
from tandem.models import CellType
from tandem.recipe import FilesCorpus, load_recipe, portable
from tandem.translation import load
from tests.support.models import CELL_TYPES, random_ids
from tests.support.runs import copied, number_pairs, run_tiny, saved, shared_run, untrained

FILES = ("model.safetensors", "recipe.toml", "source.tokenizer.json", "target.tokenizer.json")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(untrained(), tmp_path_factory.mktemp("checkpoints") / "good")


@pytest.fixture
def spoilt(good: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    return copied(good, tmp_path / "spoilt")


@pytest.fixture
def run(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a run."""
    return copied(shared_run(tmp_path_factory.getbasetemp()), tmp_path / "run")


def rewrite(path: Path, **changes: Any) -> None:
    """Change what a sealed file says, and seal it anew."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    del content["sha256"]
    path.write_text(sealed(content), encoding="utf-8")


def sign_anew(directory: Path) -> None:
    """Make sizes and sums fit the files as they are, so that only what they say can be wrong."""
    target = directory.with_name("signed")
    names = [path.name for path in directory.iterdir() if path.name != "format.json"]
    contents = {name: (directory / name).read_bytes() for name in names}
    write_directory(target, {name: lambda path: path.write_bytes(contents[path.name]) for name in names})
    shutil.rmtree(directory)
    target.rename(directory)


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


def test_an_edited_recipe_is_told_where_search_is_set(spoilt: Path) -> None:
    path = spoilt / "recipe.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("beam = 2", "beam = 5"), encoding="utf-8")
    said = r"recipe\.toml: damaged: .* A saved model's recipe is never edited: .* on the command line, such as --beam 5"
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(spoilt)


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


@pytest.mark.parametrize("name", [*FILES, "format.json"])
@settings(max_examples=12)
@given(data=st.data())
def test_one_changed_byte_is_noticed_in_any_file(name: str, data: st.DataObject, good: Path) -> None:
    path = good / name
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    try:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
        with pytest.raises(
            CheckpointError,
            match=rf"^\S+{name}: (damaged: (its content is not what was saved|it is no JSON)|the format is \d+)",
        ):
            load_checkpoint(good)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named_with_both_sizes(name: str, spoilt: Path) -> None:
    whole = (spoilt / name).read_bytes()
    (spoilt / name).write_bytes(whole[:-1])
    said = f"{name}: damaged: it has {len(whole) - 1} bytes instead of {len(whole)}. "
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, spoilt: Path) -> None:
    (spoilt / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}: missing: its directory is not complete"):
        load_checkpoint(spoilt)


def test_a_checkpoint_without_its_description_is_not_complete(spoilt: Path) -> None:
    (spoilt / "format.json").unlink()
    with pytest.raises(CheckpointError, match=r"format\.json: missing: its directory is not complete"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '"x"', "{}", '{"format": 1}', '{"format": 1, "files": []}'])
def test_a_description_that_is_none_is_damaged(content: str, spoilt: Path) -> None:
    (spoilt / "format.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"format\.json: damaged"):
        load_checkpoint(spoilt)


def test_a_newer_format_asks_for_a_newer_tandem(spoilt: Path) -> None:
    rewrite(spoilt / "format.json", format=FORMAT + 1)
    with pytest.raises(CheckpointError, match=rf"the format is {FORMAT + 1}, .* reads up to {FORMAT}: upgrade Tandem"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5])
def test_a_format_that_never_was_is_refused(version: object, spoilt: Path) -> None:
    rewrite(spoilt / "format.json", format=version)
    with pytest.raises(CheckpointError, match=r"format\.json: "):
        load_checkpoint(spoilt)


def test_swapped_files_are_noticed(spoilt: Path, tmp_path: Path) -> None:
    other = saved(untrained("lstm", "seed=2"), tmp_path / "other")
    shutil.copy(other / "model.safetensors", spoilt / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: damaged: its content is not what was saved"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", ["model.safetensors", "recipe.toml", "source.tokenizer.json"])
def test_files_of_two_models_do_not_fit_even_when_signed(name: str, spoilt: Path, tmp_path: Path) -> None:
    other = untrained("gru", "model.hidden=9", pairs=[("a b c", "d e")])
    shutil.copy(saved(other, tmp_path / "other") / name, spoilt / name)
    sign_anew(spoilt)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: .* these files are not of one model"):
        load_checkpoint(spoilt)


def test_tokenizers_of_different_size_cannot_change_sides(tmp_path: Path) -> None:
    directory = saved(untrained(pairs=[("a b c", "d e")]), tmp_path / "uneven")
    source = (directory / "source.tokenizer.json").read_bytes()
    shutil.copy(directory / "target.tokenizer.json", directory / "source.tokenizer.json")
    (directory / "target.tokenizer.json").write_bytes(source)
    sign_anew(directory)
    with pytest.raises(CheckpointError, match="these files are not of one model"):
        load_checkpoint(directory)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("recipe.toml", b"[data", r"recipe\.toml: this Tandem .* cannot read it.* it\. this is not valid TOML"),
        ("recipe.toml", b"\xff", r"recipe\.toml: this Tandem .* cannot read it\. Copy it again, or upgrade"),
        ("recipe.toml", b"[modle]", r"recipe\.toml: this Tandem .*modle: there is no such setting"),
        ("model.safetensors", b"nothing", r"model\.safetensors: damaged: "),
        ("target.tokenizer.json", b"{}", r"target\.tokenizer\.json: a tokenizer must be the JSON that Tandem saved"),
    ],
)
def test_signed_nonsense_is_named(name: str, content: bytes, said: str, spoilt: Path) -> None:
    (spoilt / name).write_bytes(content)
    sign_anew(spoilt)
    with pytest.raises(CheckpointError, match=rf"(?s){said}"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["encoder.embedding.weight", "decoder.fc_out.bias"])
def test_weights_that_are_not_finite_are_refused(name: str, value: float, spoilt: Path) -> None:
    tensors = load_file(spoilt / "model.safetensors")
    tensors[name].flatten()[-1] = value
    save_file(tensors, spoilt / "model.safetensors")
    sign_anew(spoilt)
    with pytest.raises(CheckpointError, match=rf"model\.safetensors: '{name}' has weights that are infinite or NaN"):
        load_checkpoint(spoilt)


def test_a_tensor_too_few_is_noticed(spoilt: Path) -> None:
    tensors = load_file(spoilt / "model.safetensors")
    del tensors["encoder.embedding.weight"]
    save_file(tensors, spoilt / "model.safetensors")
    sign_anew(spoilt)
    with pytest.raises(
        CheckpointError, match=r"'encoder\.embedding\.weight' is not there where the recipe makes F32 of"
    ):
        load_checkpoint(spoilt)


def test_a_run_means_its_best_checkpoint(run: Path, tmp_path: Path) -> None:
    current = read_current(run)
    write_current(run, Current(current.best, "checkpoints/epoch-009", current.resume))
    best = checkpoint_of(run)
    assert best == run / str(current.best)
    alone = copied(best, tmp_path / "alone")
    assert checkpoint_of(alone) == alone
    sources = [source for source, _ in number_pairs(5, seed=3)]
    assert load(run, device="cpu").translate(sources) == load(alone, device="cpu").translate(sources)


def test_what_resuming_needs_is_never_needed_to_translate(run: Path) -> None:
    for name in ("resume", "tensorboard"):
        shutil.rmtree(run / name)
    for name in ("recipe.toml", "metrics.jsonl", "report.html"):
        (run / name).unlink()
    assert load(run, device="cpu").translate(["eins zwei"])[0].tokens != ()


def test_what_is_no_model_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CheckpointError, match="nowhere: there is no such run, checkpoint or export"):
        load(tmp_path / "nowhere")
    for name in ("empty", "file"):
        with pytest.raises(CheckpointError, match=f"{name}: this is neither a run .* nor a checkpoint"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    "place", ["../outside", "/etc", "checkpoints/../../outside", "C:\\a", "~", "", "a\x00b", 3, None]
)
@pytest.mark.parametrize("key", ["best", "last", "resume"])
def test_the_pointer_may_not_leave_the_run(key: str, place: object, run: Path) -> None:
    rewrite(run / "current.json", **{key: place})
    said = re.escape(f"current.json: damaged: {place!r} is not a path inside the run")
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(run)


@pytest.mark.parametrize("link", ["checkpoints", "checkpoints/epoch-002"])
def test_the_pointer_may_not_lead_through_a_link(link: str, run: Path, tmp_path: Path) -> None:
    rewrite(run / "current.json", best="checkpoints/epoch-002")
    (run / link).rename(tmp_path / "elsewhere")
    (run / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=r"current\.json: checkpoints/epoch-002 is or lies behind a link"):
        load_checkpoint(run)
    linked = tmp_path / "linked"  # but what a user names may be a link
    linked.symlink_to(run / "checkpoints" / "epoch-002")
    assert load_checkpoint(linked).recipe.model.hidden == 8


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", "[" * 9999, '{"best": "a", "last": "b"}'])
def test_a_pointer_that_is_none_is_damaged(content: str, run: Path) -> None:
    (run / "current.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"current\.json: damaged"):
        load_checkpoint(run)


def test_a_pointer_to_nothing_says_what_is_missing(run: Path) -> None:
    shutil.rmtree(checkpoint_of(run))
    with pytest.raises(CheckpointError, match=r"current\.json: it names checkpoints/epoch-00\d, which is not there"):
        load_checkpoint(run)


def test_the_pointer_is_what_was_written(tmp_path: Path) -> None:
    for current in (Current("a", "b", "c"), Current("b", "b", "d")):
        write_current(tmp_path, current)
        assert read_current(tmp_path) == current
    assert [path.name for path in tmp_path.iterdir()] == ["current.json"]


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
    sign_anew(path)
    with pytest.raises(CheckpointError, match=r"calibration.json: damaged: a calibration is of 3 finite numbers"):
        load_checkpoint(path)
    file.unlink()
    with pytest.raises(CheckpointError, match=r"calibration.json: missing"):
        load_checkpoint(path)
    sign_anew(path)
    assert load_checkpoint(path).calibration is None


@pytest.mark.parametrize("name", ["format.json", "model.safetensors", "source.tokenizer.json"])
def test_a_reader_follows_the_pointer_again_where_a_training_has_moved_it(
    name: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a training replaces its best: a new checkpoint, the pointer, then the old one is removed."""
    old = checkpoint_of(run)
    real = Path.open
    read: list[Path] = []

    def move(path: Path, *rest: Any, **named: Any) -> Any:
        if path == old / name and not read:
            read.append(path)
            copied(old, run / "checkpoints" / "epoch-010")
            write_current(run, Current("checkpoints/epoch-010", "checkpoints/epoch-010", "resume/step-1"))
            shutil.rmtree(old)
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, "open", move)
    assert load_checkpoint(run).recipe.model.hidden == 8
    assert read


def test_a_damage_that_no_training_explains_is_told_at_once(run: Path) -> None:
    (checkpoint_of(run) / "model.safetensors").unlink()
    tries: list[Path] = []

    def read(directories: list[Path]) -> None:
        tries.extend(directories)
        raise CheckpointError("damaged")

    with pytest.raises(CheckpointError, match="damaged"):
        read_models([run], read)
    assert len(tries) == 1
